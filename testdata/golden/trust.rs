//! Who the program is to a store, and what it makes of what a store says: precedence as the AWS CLI has it, and nothing
//! of what was sent in secret in a message.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::program::{self, Printed};
use crate::store::{Asked, Fault, KEYS, OTHER_KEYS, Raw, Server, http};
use crate::{root, s3, testdata};

/// Two profiles with keys, and what a test adds to the configuration of the second.
pub(crate) fn profiles(of_other: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let keys = |(id, secret): (&str, &str)| format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let credentials = format!("[default]\n{}[other]\n{}", keys(KEYS), keys(OTHER_KEYS));
    let config = format!("[default]\nregion = us-west-1\n[profile other]\nregion = us-west-2\n{of_other}\n");
    std::fs::write(folder.path().join("credentials"), credentials).expect("a file");
    std::fs::write(folder.path().join("config"), config).expect("a file");
    folder
}

pub(crate) fn file(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// Runs the program with these profiles and variables, and nothing else of an environment.
pub(crate) fn run_as(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Printed {
    let (config, credentials) = (file(folder, "config"), file(folder, "credentials"));
    let mut all = vec![
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    all.extend(variables);
    program::run_with(&program::words(line).expect("quotes"), root(), b"", &all).expect("the program runs")
}

pub(crate) fn said(printed: &Printed) -> String {
    String::from_utf8_lossy(&printed.stderr).into_owned()
}

pub(crate) const KEY_VARIABLES: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", KEYS.0), ("AWS_SECRET_ACCESS_KEY", KEYS.1)];
pub(crate) const QUESTION: &str = "top s3://logs/AWSLogs/ --dry-run --retries 0";

/// The first request that a run makes.
fn first(server: &Server, folder: &Path, flags: &str, variables: &[(&str, &str)]) -> Asked {
    let mut all = vec![("AWS_ENDPOINT_URL_S3", server.url.as_str())];
    all.extend(variables);
    server.store.asked();
    let printed = run_as(folder, &format!("{QUESTION} {flags}"), &all);
    server.store.asked().first().unwrap_or_else(|| panic!("{flags} {variables:?}: {}", said(&printed))).clone()
}

#[test]
fn a_named_profile_beats_the_keys_of_the_environment_and_they_beat_its_variable() {
    let (server, folder) = (s3::server_of_logs(), profiles(""));
    let [id, secret] = KEY_VARIABLES;
    for (flags, variables, expected) in [
        ("", &[][..], KEYS),
        ("--profile other", &[], OTHER_KEYS),
        ("--profile other", &[id, secret], OTHER_KEYS),
        ("--profile other", &[id, secret, ("AWS_PROFILE", "default"), ("AWS_SESSION_TOKEN", "x")], OTHER_KEYS),
        ("--profile default", &[("AWS_PROFILE", "other")], KEYS),
        ("", &[("AWS_PROFILE", "other")], OTHER_KEYS),
        ("", &[("AWS_PROFILE", "other"), id, secret], KEYS),
        ("", &[("AWS_DEFAULT_PROFILE", "other"), ("AWS_PROFILE", "default")], OTHER_KEYS),
        ("", &[("AWS_PROFILE", "")], KEYS),
    ] {
        let asked = first(&server, folder.path(), flags, variables);
        assert_eq!(asked.key_id.as_deref(), Some(expected.0), "{flags} {variables:?}");
    }
}

#[test]
fn a_profile_that_is_not_there_is_a_wrong_word_and_those_that_are_there_are_named() {
    let (server, folder) = (s3::server_of_logs(), profiles(""));
    let [id, secret] = KEY_VARIABLES;
    let url = ("AWS_ENDPOINT_URL_S3", server.url.as_str());
    for (flags, variables, by) in [
        ("--profile othr", &[url, id, secret][..], "--profile"),
        ("--profile othr --no-sign-request", &[url], "--profile"),
        ("", &[url, id, secret, ("AWS_PROFILE", "othr")], "AWS_PROFILE"),
    ] {
        let printed = run_as(folder.path(), &format!("{QUESTION} {flags}"), variables);
        let expected = format!(
            "error: {by}: there is no profile `othr`\nhint: did you mean `other`?\nhint: profiles: default, other\n"
        );
        assert_eq!((printed.exit.as_str(), said(&printed)), ("2", expected));
    }
    let nowhere = [url, ("AWS_CONFIG_FILE", "/nowhere"), ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")];
    let printed = run_as(folder.path(), &format!("{QUESTION} --profile x"), &nowhere);
    assert!(said(&printed).contains("the AWS configuration files hold no profiles"), "{}", said(&printed));
    assert!(server.store.asked().is_empty(), "nobody was asked");
}

#[test]
fn keys_of_which_a_half_is_missing_or_that_no_header_carries_are_wrong_words() {
    let (server, folder) = (s3::server_of_logs(), profiles(""));
    let [id, secret] = KEY_VARIABLES;
    let url = ("AWS_ENDPOINT_URL_S3", server.url.as_str());
    for (variables, expected) in [
        (&[url, id][..], "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is missing or empty"),
        (&[url, id, ("AWS_SECRET_ACCESS_KEY", "")], "AWS_SECRET_ACCESS_KEY is missing or empty"),
        (&[url, secret], "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is missing or empty"),
        (&[url, secret, ("AWS_ACCESS_KEY_ID", "AKIA\n")], "AWS_ACCESS_KEY_ID has a line end"),
        (&[url, id, secret, ("AWS_SESSION_TOKEN", "a\r")], "AWS_SESSION_TOKEN has a line end"),
    ] {
        server.store.asked();
        let printed = run_as(folder.path(), QUESTION, variables);
        assert_eq!(printed.exit, "2", "{variables:?}: {}", said(&printed));
        assert!(said(&printed).contains(expected), "{variables:?}: {}", said(&printed));
        assert!(server.store.asked().is_empty(), "{variables:?}: nobody is asked");
    }
    std::fs::write(folder.path().join("config"), b"# caf\xe9\n[default]\nregion = us-west-1\n").expect("a file");
    let printed = run_as(folder.path(), QUESTION, &[url]);
    assert_eq!(printed.exit, "2", "{}", said(&printed));
    assert!(said(&printed).contains("line 1: is not valid UTF-8"), "{}", said(&printed));
    for (name, text, section) in [
        ("config", "[profile a]\nregion = us-west-1\n[default]\n[profile a]\n", "[profile a] appears twice"),
        ("config", "[default]\n[profile default]\n", "[profile default] appears twice"),
        ("credentials", "[a]\n[b]\n[a]\n", "[a] appears twice"),
    ] {
        let folder = profiles("");
        std::fs::write(folder.path().join(name), text).expect("a file");
        let printed = run_as(folder.path(), QUESTION, &[url]);
        assert!(printed.exit == "2" && said(&printed).contains(section), "{text}: {}", said(&printed));
    }
}

#[test]
fn a_web_identity_comes_before_the_keys_of_a_profile_as_the_cli_has_it() {
    let (server, folder) = (s3::server_of_logs(), profiles(""));
    let token = file(folder.path(), "token");
    std::fs::write(&token, "eyJ.not.real").expect("a file");
    let url = ("AWS_ENDPOINT_URL_S3", server.url.as_str());
    // A port that nobody answers at: what matters is who is asked.
    let sts = ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9");
    let role = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"), sts, url];
    let printed = run_as(folder.path(), QUESTION, &role);
    assert!(
        printed.exit == "1" && server.store.asked().is_empty(),
        "the profile's keys are not used: {}",
        said(&printed)
    );
    let keys: Vec<_> = role.into_iter().chain(KEY_VARIABLES).collect();
    assert_eq!(first(&server, folder.path(), "", &keys).key_id.as_deref(), Some(KEYS.0), "keys come first");
    assert_eq!(first(&server, folder.path(), "--profile other", &role).key_id.as_deref(), Some(OTHER_KEYS.0));
}

#[test]
fn a_region_is_of_the_flag_the_environment_or_the_profile() {
    let (server, folder) = (s3::server_of_logs(), profiles(""));
    let (region, default) = (("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2"));
    for (flags, variables, expected) in [
        ("--region eu-central-1", &[region, default][..], "eu-central-1"),
        ("--profile other", &[region, default], "eu-west-1"),
        ("", &[default], "eu-west-2"),
        ("", &[("AWS_REGION", ""), default], "eu-west-2"),
        ("--region us-east-1,us-east-2", &[default], "eu-west-2"),
        ("", &[], "us-west-1"),
        ("--profile other", &[], "us-west-2"),
        ("", &[("AWS_PROFILE", "other")], "us-west-2"),
        ("", &[("AWS_CONFIG_FILE", "/nowhere")], "us-east-1"),
    ] {
        let asked = first(&server, folder.path(), flags, variables);
        assert_eq!(asked.region.as_deref(), Some(expected), "{flags} {variables:?}");
    }
}

#[test]
fn an_endpoint_is_of_the_flag_the_environment_or_the_profile_and_of_s3_before_all() {
    let servers: Vec<Server> = (0..5).map(|_| Server::start(true).expect("a port")).collect();
    let url = |place: usize| servers[place].url.as_str();
    let services =
        format!("services = local\nendpoint_url = {}\n[services local]\ns3 =\n  endpoint_url = {}", url(3), url(2));
    let (with_services, plain) = (profiles(&services), profiles(&format!("endpoint_url = {}", url(3))));
    let ignoring = profiles(&format!("endpoint_url = {}\nignore_configured_endpoint_urls = true", url(3)));
    let flag = format!("--endpoint-url {}", url(4));
    let (s3, all) = (("AWS_ENDPOINT_URL_S3", url(0)), ("AWS_ENDPOINT_URL", url(1)));
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    // Where no store is named, AWS's is asked, which is behind a proxy that is not there.
    let proxy = ("HTTPS_PROXY", "http://127.0.0.1:1");
    for (folder, flags, variables, expected) in [
        (&with_services, flag.as_str(), &[s3, all, ignore][..], Some(4)),
        (&with_services, "", &[s3, all], Some(0)),
        (&with_services, "", &[all], Some(1)),
        (&with_services, "", &[("AWS_ENDPOINT_URL_S3", ""), all], Some(1)),
        (&with_services, "", &[], Some(2)),
        (&plain, "", &[], Some(3)),
        (&plain, "", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "False")], Some(3)),
        (&with_services, "", &[s3, all, ignore, proxy], None),
        (&ignoring, "", &[s3, proxy], None),
    ] {
        let printed = run_as(folder.path(), &format!("{QUESTION} --profile other {flags}"), variables);
        let asked: Vec<_> = (0..5).filter(|place| !servers[*place].store.asked().is_empty()).collect();
        assert_eq!(asked, expected.into_iter().collect::<Vec<_>>(), "{flags} {variables:?}: {}", said(&printed));
    }
}

#[test]
fn how_often_is_tried_is_of_the_flag_the_environment_or_the_profile() {
    let (server, folder) = (Server::start(true).expect("a port"), profiles("max_attempts = 2\nretry_mode = legacy"));
    server.store.plan(|_| Some(Fault::Answer(503, "SlowDown", "please", None)));
    let url = ("AWS_ENDPOINT_URL_S3", server.url.as_str());
    let max = ("AWS_MAX_ATTEMPTS", "1");
    for (flags, variables, expected) in [
        ("--profile other", &[url][..], 2),
        ("--profile other", &[url, max], 1),
        ("--profile other --retries 2", &[url, max], 3),
    ] {
        let printed = run_as(folder.path(), &format!("top s3://logs/ {flags}"), variables);
        assert_eq!((printed.exit.as_str(), server.store.asked().len()), ("1", expected), "{}", said(&printed));
    }
}

#[test]
fn what_the_sdk_would_panic_on_or_pass_over_is_a_wrong_word() {
    let (server, folder) = (s3::server_of_logs(), profiles("max_attempts = many"));
    let url = ("AWS_ENDPOINT_URL_S3", server.url.as_str());
    for (variable, value, part) in [
        ("AWS_MAX_ATTEMPTS", "x", "a whole number from 1 on"),
        ("AWS_MAX_ATTEMPTS", "0", "a whole number from 1 on"),
        ("AWS_MAX_ATTEMPTS", "-1", "a whole number from 1 on"),
        ("AWS_RETRY_MODE", "sometimes", "standard, adaptive or legacy"),
        ("AWS_USE_FIPS_ENDPOINT", "yes", "true or false"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "1", "true or false"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe", "true or false"),
        ("AWS_ENDPOINT_URL_S3", "localhost:9000", "http://HOST:PORT"),
        ("AWS_ENDPOINT_URL_S3", "http://", "http://HOST:PORT"),
    ] {
        let mut all = vec![url];
        all.retain(|(name, _)| *name != variable);
        all.extend([(variable, value), KEY_VARIABLES[0], KEY_VARIABLES[1]]);
        let printed = run_as(folder.path(), QUESTION, &all);
        let said = said(&printed);
        assert_eq!(printed.exit, "2", "{said}");
        assert!(said.starts_with(&format!("error: {variable}: `{value}` ")) && said.contains(part), "{said}");
    }
    let printed = run_as(folder.path(), &format!("{QUESTION} --profile other"), &[url]);
    let of_profile = "error: max_attempts of profile `other`: `many` is invalid\n";
    assert!(printed.exit == "2" && said(&printed).starts_with(of_profile), "{}", said(&printed));
    // Others are the SDK's own business, and end no run by a panic.
    for variable in [
        "AWS_SDK_UA_APP_ID",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "AWS_AUTH_SCHEME_PREFERENCE",
        "AWS_DISABLE_REQUEST_COMPRESSION",
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
        "AWS_REGION",
        "HTTP_PROXY",
    ] {
        let printed =
            run_as(folder.path(), QUESTION, &[url, (variable, "\u{e9} ?"), KEY_VARIABLES[0], KEY_VARIABLES[1]]);
        let said = said(&printed);
        assert!(["0", "1", "2"].contains(&printed.exit.as_str()) && !said.contains("panicked"), "{variable}: {said}");
    }
}

pub(crate) const LISTED: &str = "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents>\
                      <Key>AWSLogs/x.log</Key><Size>1</Size></Contents></ListBucketResult>";

#[test]
fn a_bundle_of_certificates_is_what_a_store_is_trusted_by() {
    let tls = testdata().join("tls");
    let read = |name: &str| std::fs::read(tls.join(name)).expect("test data");
    let pair = (read("server.pem"), read("server.key"));
    let server = Raw::start(Some((&pair.0, &pair.1)), Duration::ZERO, |_| http("200 OK", LISTED)).expect("a port");
    let bundle = file(&tls, "ca.pem");
    let folder = profiles(&format!("ca_bundle = {bundle}"));
    let damaged = file(folder.path(), "damaged.pem");
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&damaged, pem).expect("a file");
    let (config, key) = (file(folder.path(), "config"), file(&tls, "server.key"));
    let wrong = file(&tls, "server.pem");
    for (flags, named, exit, part) in [
        ("", bundle.as_str(), "0", ""),
        ("--profile other", "", "0", ""),
        ("--profile other", wrong.as_str(), "1", "AWS_CA_BUNDLE may name a file"),
        ("", "", "1", "AWS_CA_BUNDLE may name a file"),
        ("", "/no/such.pem", "2", "error: AWS_CA_BUNDLE: cannot read `/no/such.pem`: no such file"),
        ("", &config, "2", "is no bundle of certificates: it holds none in PEM"),
        ("", &key, "2", "is no bundle of certificates: it holds none in PEM"),
        ("", &damaged, "2", "is no bundle of certificates: certificate 1 is damaged"),
    ] {
        let variables = [
            ("AWS_ENDPOINT_URL_S3", server.url.as_str()),
            ("AWS_CA_BUNDLE", named),
            KEY_VARIABLES[0],
            KEY_VARIABLES[1],
        ];
        let printed = run_as(folder.path(), &format!("{QUESTION} {flags}"), &variables);
        let said = said(&printed);
        assert!(printed.exit == exit && said.contains(part), "{flags} {named}: {} {said}", printed.exit);
    }
}

#[test]
fn a_store_that_echoes_a_request_gives_no_secret_away() {
    let folder = profiles("");
    let token = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD==";
    let secrets = |text: &str| {
        [KEYS.0, token, "IQoJb3JpZ2luX2VjEJr", "hunter2"].into_iter().any(|secret| text.contains(secret))
            || text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 40)
    };
    for (status, code) in
        [("400 Bad Request", "Odd"), ("403 Forbidden", "AccountProblem"), ("500 Oops", "InternalError")]
    {
        let echo = move |head: &str| {
            let shown = head.replace(['&', '<', '>'], " ");
            let body = format!("<Error><Code>{code}</Code><Message>\u{1b}[31myou sent {shown}</Message></Error>");
            http(status, &body.replace('\u{1b}', "&#x9b;"))
        };
        let raw = Raw::start(None, Duration::ZERO, echo).expect("a port");
        let url = raw.url.replace("http://", "http://somebody:hunter2@");
        for (flags, endpoint) in [("", raw.url.as_str()), ("--endpoint-url", url.as_str()), ("-vv", raw.url.as_str())] {
            let flags = if flags == "--endpoint-url" { format!("{flags} {endpoint}") } else { flags.to_owned() };
            let [id, secret] = KEY_VARIABLES;
            let variables = [("AWS_ENDPOINT_URL_S3", endpoint), ("AWS_SESSION_TOKEN", token), id, secret];
            let printed = run_as(folder.path(), &format!("{QUESTION} {flags}"), &variables);
            let said = said(&printed);
            assert!(printed.exit == "1" && !secrets(&said), "{said}");
            assert!(!said.contains(['\u{1b}', '\u{9b}']), "{said}");
            assert!(code == "InternalError" || said.contains("you sent") || !flags.is_empty(), "{said}");
        }
    }
    let [id, secret] = KEY_VARIABLES;
    let printed =
        run_as(folder.path(), &format!("{QUESTION} --endpoint-url http://somebody:hunter2@127.0.0.1:1"), &[id, secret]);
    assert!(said(&printed).contains("[redacted]@127.0.0.1:1") && !secrets(&said(&printed)), "{}", said(&printed));
}

#[test]
fn a_store_that_lists_what_was_not_asked_for_is_not_believed() {
    let folder = profiles("");
    let entry = |key: &str| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
    let inside = |prefix: &str| format!("<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>");
    // Keys of another account, a folder elsewhere, and one that holds itself, which would never end.
    for listed in [entry("Others/x.log"), inside("zz/"), inside("AWSLogs/")] {
        let body = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount>{listed}</ListBucketResult>"
        );
        let raw = Raw::start(None, Duration::ZERO, move |_| http("200 OK", &body)).expect("a port");
        let [id, secret] = KEY_VARIABLES;
        let printed = run_as(folder.path(), QUESTION, &[("AWS_ENDPOINT_URL_S3", raw.url.as_str()), id, secret]);
        assert_eq!(printed.exit, "1", "{listed}: {}", said(&printed));
        assert!(said(&printed).contains("which is not below \"AWSLogs/"), "{listed}: {}", said(&printed));
    }
}

#[test]
fn flags_that_match_nothing_are_told_with_what_there_is() {
    let server = s3::server_of_logs();
    let all = s3::environment(&server);
    for input in ["s3://logs/AWSLogs/", "testdata/logs"] {
        for (flags, part) in [
            ("--account 999999999999", "no objects for account 999999999999; found accounts 012345678901, "),
            ("--region ca-west-1", "no objects for region ca-west-1; found accounts 012345678901, "),
            (
                "--account 111122223333,999999999999",
                "no objects for account 999999999999; found accounts 012345678901, ",
            ),
            ("--account 999999999999 --dry-run", "no objects for account 999999999999; found accounts 012345678901, "),
        ] {
            let words = program::words(&format!("top {input} {flags} -o csv")).expect("quotes");
            let printed = program::run_with(&words, root(), b"", &all).expect("the program runs");
            let said = said(&printed);
            assert!(
                printed.exit == "3" && said.contains(&format!("warning: {part}")),
                "{input}: {} {said}",
                printed.exit
            );
        }
    }
    let words = program::words("top s3://logs/AWSLogs/ --from 2030-01-01 --to 2030-01-02 -o csv").expect("quotes");
    let printed = program::run_with(&words, root(), b"", &all).expect("the program runs");
    assert!(printed.exit == "0" && said(&printed).contains("note: no object was read"), "{}", said(&printed));
}
