//! By which way and with what a store is asked: proxies, addressing, tokens and sources of credentials, as the AWS CLI
//! reads them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::store::{Raw, http};
use crate::trust::{KEY_VARIABLES, LISTED, QUESTION, file, profiles, run_as, said};

/// What a server that is a proxy or a store was asked first, of a run with these variables.
fn asked_of(raw: &Raw, heads: &Heads, folder: &Path, line: &str, variables: &[(&str, &str)]) -> (Vec<String>, String) {
    heads.lock().expect("no panic").clear();
    let url = |value: &str| value.replace("PORT", raw.url.rsplit(':').next().expect("a port"));
    let values: Vec<(&str, String)> = variables.iter().map(|(name, value)| (*name, url(value))).collect();
    let mut all: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.push(("AWS_MAX_ATTEMPTS", "1"));
    let printed = run_as(folder, &url(line), &all);
    (heads.lock().expect("no panic").clone(), format!("{} {}", printed.exit, said(&printed)))
}

type Heads = Arc<Mutex<Vec<String>>>;

/// A server that remembers the first line of each request.
fn listening() -> (Raw, Heads) {
    let heads = Heads::default();
    let kept = Arc::clone(&heads);
    let answer = move |head: &str| {
        let token = head.lines().find_map(|line| line.strip_prefix("x-amz-security-token: ")).unwrap_or("-");
        let line = head.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
        kept.lock().expect("no panic").push(format!("{line} {token}"));
        http("200 OK", LISTED)
    };
    (Raw::start(None, Duration::ZERO, answer).expect("a port"), heads)
}

#[test]
fn a_proxy_is_of_the_environment_as_the_cli_reads_it() {
    let ((raw, heads), folder) = (listening(), profiles(""));
    let proxy = "http://127.0.0.1:PORT";
    // Nobody answers at the store itself.
    let store = "top s3://logs/AWSLogs/ --dry-run --endpoint-url http://127.0.0.1:9";
    for (variables, goes_through) in [
        (&[("http_proxy", proxy)][..], true),
        (&[("HTTP_PROXY", proxy)], true),
        (&[("HTTP_PROXY", "127.0.0.1:PORT")], true),
        (&[("ALL_PROXY", proxy)], true),
        (&[("HTTPS_PROXY", proxy)], false),
        (&[("http_proxy", "")], false),
        (&[("http_proxy", ""), ("HTTP_PROXY", proxy)], false),
        (&[("http_proxy", proxy), ("HTTP_PROXY", "")], true),
        (&[("http_proxy", proxy), ("HTTP_PROXY", "http://127.0.0.1:1")], true),
        (&[("HTTP_PROXY", proxy), ("REQUEST_METHOD", "GET")], false),
        (&[("HTTP_PROXY", proxy), ("NO_PROXY", "127.0.0.1")], false),
        (&[("HTTP_PROXY", proxy), ("NO_PROXY", "x.org, 127.0.0.1:9")], false),
        (&[("HTTP_PROXY", proxy), ("NO_PROXY", "*")], false),
        (&[("HTTP_PROXY", proxy), ("NO_PROXY", "x.org,10.0.0.0/8")], true),
        (&[("HTTP_PROXY", proxy), ("NO_PROXY", "*"), ("no_proxy", "x.org")], true),
        (&[("HTTP_PROXY", proxy), ("HTTPS_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "x.org")], true),
    ] {
        let variables: Vec<_> = variables.iter().copied().chain(KEY_VARIABLES).collect();
        let (asked, said) = asked_of(&raw, &heads, folder.path(), store, &variables);
        assert_eq!(!asked.is_empty(), goes_through, "{variables:?}: {said}");
    }
    for (variables, part) in [
        (&[("HTTP_PROXY", "socks5://hunter2@h:1")][..], "error: HTTP_PROXY: is no URL of a proxy"),
        (&[("https_proxy", "http://hunter2 x")], "error: https_proxy: is no URL of a proxy"),
        (
            &[("http_proxy", proxy), ("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:1")],
            "error: http_proxy and HTTP_PROXY differ, and HTTP and HTTPS have different proxies",
        ),
    ] {
        let (asked, said) = asked_of(&raw, &heads, folder.path(), store, variables);
        assert!(asked.is_empty() && said.starts_with("2 ") && said.contains(part), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_bucket_of_another_store_is_in_the_path_unless_the_profile_says_otherwise() {
    let (raw, heads) = listening();
    let proxy = [("HTTP_PROXY", "http://127.0.0.1:PORT"), ("HTTPS_PROXY", "http://127.0.0.1:PORT")];
    let line = |flags: &str| format!("top s3://logs/AWSLogs/ --dry-run --profile other {flags}");
    let point = "top s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/name/AWSLogs/ --dry-run";
    let (in_path, in_host) = ("GET http://h.test/logs/?", "GET http://logs.h.test/?");
    for (style, line, expected) in [
        ("", line("--endpoint-url http://h.test"), in_path),
        ("s3 =\n  addressing_style = path", line("--endpoint-url http://h.test"), in_path),
        ("s3 =\n  addressing_style = virtual", line("--endpoint-url http://h.test"), in_host),
        ("s3 =\n  addressing_style = virtual", line("--endpoint-url http://h.test --path-style"), in_path),
        ("", line("--endpoint-url http://localhost:PORT"), "GET http://localhost:PORT/logs/?"),
        ("", line("--endpoint-url https://localhost"), "CONNECT localhost:443 "),
        ("", line("--endpoint-url https://10.0.0.1"), "CONNECT 10.0.0.1:443 "),
        ("", line(""), "CONNECT logs.s3.us-west-2.amazonaws.com:443 "),
        ("s3 =\n  addressing_style = path", line(""), "CONNECT s3.us-west-2.amazonaws.com:443 "),
        ("", point.to_owned(), "CONNECT name-123456789012.s3-accesspoint.eu-west-1.amazonaws.com:443 "),
    ] {
        let (asked, said) = asked_of(&raw, &heads, profiles(style).path(), &line, &proxy);
        let expected = expected.replace("PORT", raw.url.rsplit(':').next().expect("a port"));
        assert!(asked.first().is_some_and(|first| first.starts_with(&expected)), "{line} {style}: {asked:?} {said}");
    }
    let wrong = profiles("s3 =\n  addressing_style = host");
    let (asked, said) = asked_of(&raw, &heads, wrong.path(), &line(""), &proxy);
    assert!(asked.is_empty() && said.starts_with("2 error: addressing_style of profile `other`: `host` is"), "{said}");
}

#[test]
fn what_the_cli_reads_and_the_sdk_passes_over_is_read_or_refused() {
    let (raw, heads) = listening();
    let url = ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:PORT");
    let [id, secret] = KEY_VARIABLES;
    for (variables, token) in [
        (&[url, id, secret][..], "-"),
        (&[url, id, secret, ("AWS_SECURITY_TOKEN", "old")], "old"),
        (&[url, id, secret, ("AWS_SESSION_TOKEN", "new")], "new"),
        (&[url, id, secret, ("AWS_SESSION_TOKEN", "new"), ("AWS_SECURITY_TOKEN", "old")], "old"),
        (&[url, ("AWS_SECURITY_TOKEN", "old")], "-"),
    ] {
        let (asked, said) = asked_of(&raw, &heads, profiles("").path(), QUESTION, variables);
        assert!(asked.first().is_some_and(|first| first.ends_with(&format!(" {token}"))), "{asked:?} {said}");
    }
    let role = "role_arn = arn:aws:iam::123456789012:role/r\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n\
                source_profile = default\n[profile third]\nrole_arn = arn:aws:iam::123456789012:role/s\n\
                source_profile = other\n[profile \"a b\"]\nregion = eu-west-1\n[profile old]\n\
                aws_access_key_id = a\naws_secret_access_key = b\naws_security_token = c";
    let folder = profiles(role);
    for (flags, variables, part) in [
        ("--profile other", &[url][..], "error: profile `other`: mfa_serial is not supported"),
        ("--profile third", &[url], "error: profile `other`: mfa_serial is not supported"),
        ("", &[url, ("AWS_PROFILE", "other")], "error: profile `other`: mfa_serial is not supported"),
        ("--profile old", &[url], "error: profile `old`: aws_security_token is not supported"),
        ("--profile 'a b'", &[url], "error: profile `a b`: the section [profile \"a b\"] is not supported"),
        ("", &[url, id, secret, ("AWS_CA_BUNDLE", "~/ca.pem")], "hint: name the file in full"),
    ] {
        let (asked, said) = asked_of(&raw, &heads, folder.path(), &format!("{QUESTION} {flags}"), variables);
        assert!(asked.is_empty() && said.starts_with("2 ") && said.contains(part), "{flags}: {said}");
    }
    let variables = [url, id, secret, ("AWS_PROFILE", "other")];
    let (asked, said) = asked_of(&raw, &heads, folder.path(), QUESTION, &variables);
    assert!(!asked.is_empty(), "keys of the environment need no code: {said}");
}

#[test]
fn a_source_of_credentials_that_does_not_answer_is_given_up() {
    let ((raw, heads), folder) = (listening(), profiles(""));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}/", silent.local_addr().expect("an address"));
    let (began, nowhere) = (std::time::Instant::now(), file(folder.path(), "none"));
    let variables = [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:PORT"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", silent.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", nowhere.as_str()),
    ];
    let (asked, said) = asked_of(&raw, &heads, folder.path(), QUESTION, &variables);
    assert!(asked.is_empty() && said.starts_with("1 error: cannot list `s3://logs/AWSLogs/`: "), "{said}");
    assert!(said.contains("credentials") && said.contains("hint: "), "{said}");
    assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
}
