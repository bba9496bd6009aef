//! What goes wrong on the way from a store, and what becomes of it.

use std::time::Instant;

use aws_sdk_s3::types::ObjectCannedAcl;

use super::client::{Account, runtime};
use super::*;
use crate::collect::store::{Asked, BUCKET, Fault, Held, Raw, Server, http};
use crate::collect::{Ahead, Content, Ending, Found, Limits, ObjectError, Prune, find};
use crate::error::Exit;

/// How the store of this process is reached.
pub(in crate::collect) fn options(url: &str, limits: S3Limits) -> S3Options {
    S3Options {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(url.to_owned()),
        path_style: true,
        unsigned: true,
        limits,
        ..S3Options::default()
    }
}

/// Puts an object where nothing but the protocol leads to the store.
pub(in crate::collect) fn put(options: &S3Options, bucket: &str, key: &str, bytes: &[u8]) {
    let put = async {
        let bucket = Account::of(options).await.unwrap().bucket(bucket, None);
        let body = bytes.to_vec().into();
        let request = bucket.client().put_object().bucket(bucket.name()).key(key).body(body);
        request.acl(ObjectCannedAcl::PublicRead).send().await.unwrap();
    };
    runtime().unwrap().block_on(put);
}

/// Makes a bucket in such a store.
pub(in crate::collect) fn make_bucket(options: &S3Options, bucket: &str) {
    let make = async {
        let bucket = Account::of(options).await.unwrap().bucket(bucket, None);
        bucket.client().create_bucket().bucket(bucket.name()).send().await.unwrap();
    };
    runtime().unwrap().block_on(make);
}

/// Limits small enough for small objects to meet them.
const SMALL: S3Limits = S3Limits {
    objects_ahead: 5,
    bytes_ahead: 200 << 10,
    part_bytes: 64 << 10,
    parts_ahead: 3,
    stall: Duration::from_millis(200),
    rate_min: 1 << 10,
    rate_span: Duration::from_millis(600),
    page_time: Duration::from_secs(1),
};
const TEXT_BYTES: usize = 150_000;

fn text(seed: usize) -> Vec<u8> {
    let mut text = (0..).flat_map(|line| format!("{seed} {line} {}\n", line * 7919).into_bytes());
    let mut bytes: Vec<u8> = text.by_ref().take(TEXT_BYTES).collect();
    bytes.extend(b"end\n");
    bytes
}

/// A server with objects of several parts.
fn server(objects: usize) -> Server {
    let server = Server::start(false).unwrap();
    for place in 0..objects {
        server.store.put(format!("x/{place:03}.log"), Held::Bytes(text(place).into()));
    }
    server
}

fn found(server: &Server, limits: S3Limits) -> Found {
    find(&[format!("s3://{BUCKET}/x/")], &Prune::default(), &options(&server.url, limits)).unwrap()
}

/// Reads all objects as a run does; what each holds and how it ended, or why it was not opened.
fn read_all(found: &Found) -> Vec<Result<(Vec<u8>, Ending), ObjectError>> {
    let order: Vec<usize> = (0..found.objects.len()).collect();
    let ahead = Ahead::new(&found.objects, &order);
    order.iter().map(|place| ahead.open(*place, &Limits::default()).map(read)).collect()
}

fn read(content: Content) -> (Vec<u8>, Ending) {
    let Content::Lines(mut lines) = content else { panic!("{content:?}") };
    let (mut block, mut all) = (Vec::new(), Vec::new());
    while lines.next_block(&mut block).is_some() {
        all.extend_from_slice(&block);
    }
    (all, lines.ending().clone())
}

/// Checks that nothing is lost by a plan of faults.
fn heals(plan: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static) -> Vec<Asked> {
    let server = server(2);
    let found = found(&server, SMALL);
    server.store.plan(plan);
    server.store.asked();
    for (place, object) in read_all(&found).into_iter().enumerate() {
        let (bytes, ending) = object.unwrap();
        assert_eq!(ending, Ending::Complete);
        assert!(bytes == text(place), "object {place}");
    }
    server.store.asked()
}

#[test]
fn server_errors_and_slow_down_are_tried_again() {
    heals(|asked| (asked.before == 0).then_some(Fault::Answer(500, "InternalError", "we failed", None)));
    heals(|asked| (asked.before == 1).then_some(Fault::Answer(503, "SlowDown", "please reduce", None)));
}

#[test]
fn a_body_that_breaks_off_ends_too_early_or_stalls_goes_on_from_where_it_stopped() {
    for fault in [Fault::Break(30 << 10), Fault::Break(0), Fault::Cut(10), Fault::Stall(1000), Fault::Stall(0)] {
        let asked =
            heals(move |asked| (asked.before == 0 && asked.from % SMALL.part_bytes == 0).then_some(fault.clone()));
        assert!(asked.len() >= 2 * (2 * 3 - 1), "{asked:?}");
    }
}

#[test]
fn a_slow_body_is_waited_for_as_long_as_bytes_come() {
    heals(|asked| (asked.from == 0).then_some(Fault::Slow(Duration::from_millis(60))));
}

/// The first object fails by the plan, the others are whole; gives what is said of it.
fn fails(plan: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static) -> String {
    let server = server(3);
    let found = found(&server, SMALL);
    server.store.plan(move |asked| plan(asked).filter(|_| asked.key.as_deref() == Some("x/000.log")));
    said(&found)
}

fn said(found: &Found) -> String {
    let mut read = read_all(found).into_iter();
    let said = match read.next().unwrap() {
        Ok((bytes, ending)) => {
            assert!(text(0).starts_with(&bytes), "what came before is right");
            ending.to_string()
        }
        Err(error) => error.to_string(),
    };
    for (place, object) in (1..).zip(read) {
        assert!(object.unwrap() == (text(place), Ending::Complete), "the other objects are whole");
    }
    said
}

#[test]
fn an_object_that_cannot_be_read_is_told_and_the_others_are_read() {
    let answer = |status, code, message| fails(move |_| Some(Fault::Answer(status, code, message, None)));
    for (said, parts) in [
        (answer(403, "AccessDenied", "no"), &["access is denied", "s3:GetObject on arn:aws:s3:::logs/x/000.log"][..]),
        (answer(403, "AccessDenied", "not authorized to perform kms:Decrypt"), &["kms:Decrypt"]),
        (answer(404, "NoSuchKey", "gone"), &["deleted after it was listed"]),
        (answer(403, "InvalidObjectState", "glacier"), &["archived", "restore"]),
        (answer(400, "ExpiredToken", "old"), &["credentials have expired", "aws sso login"]),
        (answer(503, "SlowDown", "please"), &["slow down", "3 attempts", "--retries"]),
        (answer(500, "InternalError", "we failed"), &["S3 failed (500 InternalError)", "3 attempts"]),
        (answer(418, "Teapot", "short and stout"), &["418 Teapot short and stout"]),
        (fails(|_| Some(Fault::Break(1))), &["broke off 3 times at byte 3"]),
        (fails(|_| Some(Fault::Stall(0))), &["no byte came"]),
    ] {
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    // The start is there, what follows is not.
    let said = fails(|asked| (asked.from > 0).then_some(Fault::Answer(403, "AccessDenied", "no", None)));
    assert!(said.starts_with("cannot be read further: access is denied"), "{said}");
}

#[test]
fn a_body_that_drips_is_given_up_and_named() {
    let server = server(2);
    let found = found(&server, S3Limits { stall: Duration::from_secs(60), ..SMALL });
    let is_first = |asked: &Asked| asked.key.as_deref() == Some("x/000.log");
    server.store.plan(move |asked| is_first(asked).then_some(Fault::Trickle(Duration::from_millis(20))));
    let said = said(&found);
    assert!(said.contains("broke off 3 times") && said.contains("less than 1024 B/s"), "{said}");
}

#[test]
fn an_object_that_changes_or_vanishes_after_it_was_listed_is_told() {
    let server = server(3);
    let listed = found(&server, SMALL);
    server.store.put("x/000.log", Held::Bytes(text(7).into()));
    assert!(said(&listed).contains("it changed after it was listed"));
    server.store.remove("x/000.log");
    assert!(said(&listed).contains("it was deleted after it was listed"));
}

/// How a listing fails by an answer, and its hint.
fn list_fails(server: &Server, options: &S3Options, input: &str) -> String {
    let error = find(&[input.to_owned()], &Prune::default(), options).unwrap_err();
    assert_eq!(error.exit(), Exit::Failed);
    let _asked = server.store.asked();
    format!("{error}; {}", error.hints().join("; "))
}

#[test]
fn a_listing_that_fails_ends_the_run_with_one_sentence_and_the_next_step() {
    let server = server(1);
    let options = options(&server.url, SMALL);
    for (status, code, parts) in [
        (
            403,
            "AccessDenied",
            &["cannot list `s3://logs/x`: access is denied", "s3:ListBucket on arn:aws:s3:::logs"][..],
        ),
        (404, "NoSuchBucket", &["there is no bucket `logs`"]),
        (400, "ExpiredToken", &["expired", "aws sso login"]),
        (403, "InvalidAccessKeyId", &["not valid"]),
        (403, "RequestTimeTooSkewed", &["clock"]),
        (503, "SlowDown", &["slow down"]),
        (301, "PermanentRedirect", &["another region", "--region"]),
    ] {
        server.store.plan(move |_| Some(Fault::Answer(status, code, "", None)));
        let said = list_fails(&server, &options, "s3://logs/x");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    server.store.plan(|_| None);
    let said = list_fails(&server, &options, "s3://logs/x1/");
    assert!(said.starts_with("no objects in `s3://logs/x1/`; did you mean `s3://logs/x`?"), "{said}");
    assert!(list_fails(&server, &options, "s3://other/").contains("there is no bucket `other`"));
    let nobody = S3Options { endpoint_url: Some("http://127.0.0.1:1".to_owned()), ..options };
    let said = list_fails(&server, &nobody, "s3://logs/x");
    assert!(said.contains("no answer from S3") && said.contains("http://127.0.0.1:1"), "{said}");
    for input in ["s3://", "s3:///x", "s3://logs/*/x"] {
        assert_eq!(find(&[input.to_owned()], &Prune::default(), &nobody).unwrap_err().exit(), Exit::Usage);
    }
}

/// What a store does to a page.
type Change = fn(&mut s3s::dto::ListObjectsV2Output);

#[test]
fn a_listing_that_is_not_whole_is_an_error() {
    let server = server(5);
    let options = options(&server.url, SMALL);
    server.store.page(2);
    let changes: [(Change, &str); 4] = [
        (|page| page.next_continuation_token = None, "incomplete: it says that there is more"),
        (|page| page.is_truncated = Some(false), "incomplete: it says that there is no more"),
        (|page| page.key_count = Some(1000), "incomplete: it counts 1000 entries"),
        (|page| page.next_continuation_token = Some("x/000.log".to_owned()), "makes no progress"),
    ];
    for (change, part) in changes {
        server.store.plan(move |_| Some(Fault::Page(change)));
        let said = list_fails(&server, &options, "s3://logs/x/");
        assert!(said.contains(part), "{said}");
    }
}

const LISTED: &str = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>x/1.log</Key>\
                      <Size>1</Size></Contents><Contents><Key>x/2.log</Key><Size>1</Size></Contents></ListBucketResult>";

#[test]
fn an_answer_that_is_cut_off_or_never_ends_is_no_listing() {
    let listed = |end: usize| {
        let raw = Raw::start(None, Duration::ZERO, move |_| http("200 OK", &LISTED[..end])).unwrap();
        find(&["s3://logs/x*".to_owned()], &Prune::default(), &options(&raw.url, SMALL))
    };
    assert_eq!(listed(LISTED.len()).unwrap().objects.len(), 2);
    for end in (LISTED.find("<Contents>").unwrap()..LISTED.len()).step_by(7) {
        let said = listed(end).unwrap_err().to_string();
        assert!(said.starts_with("cannot list `s3://logs/x*`: "), "{end}: {said}");
    }
    let cut = LISTED.find("<Contents><Key>x/2").unwrap();
    let said = listed(cut).unwrap_err().to_string();
    assert!(said.contains("the listing stops in its midst"), "{said}");
    let slow = Raw::start(None, Duration::from_millis(20), |_| http("200 OK", LISTED)).unwrap();
    let options = S3Options { retries: Some(0), ..options(&slow.url, SMALL) };
    let said = find(&["s3://logs/x*".to_owned()], &Prune::default(), &options).unwrap_err().to_string();
    assert!(said.contains("no answer in time"), "{said}");
}

/// What was read of the one version is never joined with the rest of the other.
#[test]
fn an_object_that_is_replaced_while_it_is_read_is_not_read_on() {
    for fault in [Fault::Break(30 << 10), Fault::Cut(10 << 10), Fault::Stall(20 << 10)] {
        for from in [0, SMALL.part_bytes] {
            let server = server(1);
            let found = found(&server, SMALL);
            let (store, planned) = (Arc::clone(&server.store), fault.clone());
            server.store.plan(move |asked| {
                let is_first = asked.key.is_some() && asked.from == from && asked.before == 0;
                is_first.then(|| {
                    // The answer on its way is of the version before.
                    let store = Arc::clone(&store);
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(10));
                        store.put("x/000.log", Held::Bytes(text(7).into()));
                    });
                    planned.clone()
                })
            });
            let said = said(&found);
            assert!(said.contains("it changed after it was listed"), "{fault:?} {from}: {said}");
        }
    }
}

#[test]
fn an_answer_of_any_size_is_not_held() {
    let large = "x".repeat(17 << 20);
    let (page, error) = (LISTED.replace("x/2.log", &large), format!("<Error><Message>{large}</Message></Error>"));
    let find = |list: &str, get: &str| {
        let answers = [list.to_owned(), get.to_owned()];
        let raw = Raw::start(None, Duration::ZERO, move |head| {
            answers[usize::from(!head.starts_with("GET /logs/?") && !head.starts_with("GET /logs?"))].clone()
        });
        let raw = raw.unwrap();
        let options = S3Options { retries: Some(0), ..options(&raw.url, SMALL) };
        let found = find(&["s3://logs/x*".to_owned()], &Prune::default(), &options);
        match found {
            Ok(found) => format!("{:?}", read_all(&found)[0].as_ref().map(|(_, ending)| ending.to_string())),
            Err(error) => error.to_string(),
        }
    };
    let said = find(&http("200 OK", &page), "");
    let larger = "the answer (status 200) is larger than any page of a listing of S3: more than 16 MiB";
    assert_eq!(said, format!("cannot list `s3://logs/x*`: {larger}"));
    let larger = "the answer (status 500) is larger than any error of S3: more than 1 MiB";
    let said = find(&http("500 Oh", &error), "");
    assert_eq!(said, format!("cannot list `s3://logs/x*`: {larger}"));
    let said = find(&http("200 OK", LISTED), &http("500 Oh", &error));
    assert!(said.contains(larger), "{said}");
}

#[test]
fn a_panic_of_a_library_is_an_error() {
    let error = super::client::guarded(|| -> () { panic!("no {}", "provider") }).unwrap_err();
    assert_eq!((error.exit(), error.hints().len()), (Exit::Failed, 1));
    assert_eq!(error.to_string(), "the S3 client cannot be set up: no provider");
    assert_eq!(super::client::guarded(|| 1).unwrap(), 1);
}

#[test]
fn accounts_and_regions_that_are_not_there_are_told_with_those_that_are() {
    let server = Server::start(false).unwrap();
    for (account, region, day) in [("111111111111", "us-east-1", "09"), ("222222222222", "eu-west-1", "11")] {
        let key = format!("AWSLogs/{account}/vpcflowlogs/{region}/2024/03/{day}/x.log.gz");
        server.store.put(key, Held::Bytes(b"x"[..].into()));
    }
    let warnings = |input: &str, account: &str, region: &str, from: Option<u32>| {
        let some = |text: &str| text.split(',').filter(|text| !text.is_empty()).map(str::to_owned).collect();
        let prune = Prune { accounts: some(account), regions: some(region), from, ..Prune::default() };
        find(&[input.to_owned()], &prune, &options(&server.url, SMALL)).unwrap().warnings.join("; ")
    };
    let accounts = "found accounts 111111111111, 222222222222";
    let none = warnings("s3://logs/", "333333333333", "", None);
    assert_eq!(none, format!("no objects for account 333333333333; {accounts}"));
    assert!(warnings("s3://logs/", "111111111111,333333333333", "", None).starts_with("no objects for account 3333"));
    let region = warnings("s3://logs/AWSLogs/", "", "us-west-2", None);
    assert_eq!(region, format!("no objects for region us-west-2; {accounts}; regions eu-west-1, us-east-1"));
    let late = warnings("s3://logs/", "111111111111", "us-east-1", Some(19_800 * 86_400));
    assert!(
        late.starts_with("no objects for account 111111111111 and region us-east-1 in the window; found"),
        "{late}"
    );
    assert!(late.contains("days 2024-"), "{late}");
    for (account, region) in
        [("", ""), ("111111111111", ""), ("", "us-east-1,eu-west-1"), ("222222222222", "eu-west-1")]
    {
        assert_eq!(warnings("s3://logs/", account, region, None), "");
    }
    assert_eq!(warnings("s3://logs/", "", "", Some(19_800 * 86_400)), "", "a window alone may be empty");
}

#[test]
fn a_bucket_in_another_region_is_followed_there() {
    let server = server(2);
    server
        .store
        .plan(|asked| (asked.before == 0).then_some(Fault::Answer(301, "PermanentRedirect", "", Some("eu-west-1"))));
    let found = found(&server, SMALL);
    assert_eq!(found.objects.len(), 2);
    let Source::S3(object) = &found.objects[0].source else { panic!() };
    assert_eq!(object.bucket.region(), Some("eu-west-1"));
}

#[test]
fn an_input_is_a_folder_or_a_key_and_with_a_star_how_keys_begin() {
    let server = Server::start(false).unwrap();
    let keys = ["a", "a/1.log", "a/b/2.log", "a/_SUCCESS", "a/.x/3.log", "a/c/", "ab/4.log", "ac", "_a.log"];
    for key in keys {
        server.store.put(key, Held::Bytes(b"x"[..].into()));
    }
    let keys = |input: &str| -> Vec<String> {
        let found = find(&[input.to_owned()], &Prune::default(), &options(&server.url, SMALL)).unwrap();
        found.objects.iter().map(|object| object.name.replace("s3://logs/", "")).collect()
    };
    for page in [1000, 2] {
        server.store.page(page);
        assert_eq!(keys("s3://logs"), ["a", "a/1.log", "a/b/2.log", "ab/4.log", "ac"]);
        assert_eq!(keys("s3://logs/a"), ["a", "a/1.log", "a/b/2.log"]);
        assert_eq!(keys("s3://logs/a/"), ["a/1.log", "a/b/2.log"]);
        assert_eq!(keys("s3://logs/a*"), ["a", "a/1.log", "a/b/2.log", "ab/4.log", "ac"]);
        assert_eq!(keys("s3://logs/ab*"), ["ab/4.log"]);
        assert_eq!(keys("s3://logs/_a.log"), ["_a.log"]);
    }
}

#[test]
fn listings_are_of_the_days_accounts_and_regions_that_are_needed() {
    let server = Server::start(false).unwrap();
    for account in ["111111111111", "222222222222"] {
        for region in ["us-east-1", "eu-west-1"] {
            for day in 1..=28 {
                let plain = format!("AWSLogs/{account}/vpcflowlogs/{region}/2024/03/{day:02}/x.log.gz");
                let hive = format!(
                    "h/AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/year=2024/month=03/day={day:02}/hour=12/x.log.gz"
                );
                for key in [plain, hive] {
                    server.store.put(key, Held::Bytes(b"x"[..].into()));
                }
            }
        }
    }
    server.store.put("AWSLogs/111111111111/CloudTrail/us-east-1/2024/03/09/x.json.gz", Held::Bytes(b"x"[..].into()));
    let noon = 19_791 * 86_400 + 43_200;
    let prune = |to| Prune {
        from: Some(noon),
        to,
        accounts: vec!["111111111111".to_owned()],
        regions: vec!["eu-west-1".to_owned()],
        ..Prune::default()
    };
    let count = |input: &str, prune: &Prune| {
        let found = find(&[input.to_owned()], prune, &options(&server.url, SMALL)).unwrap();
        (found.objects.len(), server.store.asked().len() as u64 == found.lists, found.lists)
    };
    assert_eq!(count("s3://logs", &prune(Some(noon + 3600))), (2, true, 10));
    assert_eq!(count("s3://logs/AWSLogs", &prune(Some(noon + 3600))), (1, true, 5));
    assert_eq!(count("s3://logs/AWSLogs/", &prune(None)), (20, true, 26));
    let region = "s3://logs/AWSLogs/111111111111/vpcflowlogs/eu-west-1/";
    assert_eq!(count(region, &prune(Some(noon + 86_400))), (2, true, 2));
    assert_eq!(
        count(region, &Prune { from: Some(noon + 365 * 86_400), to: Some(noon + 366 * 86_400), ..Prune::default() }).0,
        0
    );
    assert_eq!(count("s3://logs", &Prune::default()), (224, true, 1));
    server.store.page(50);
    assert_eq!(count("s3://logs", &Prune::default()).0, 224);
}

#[test]
fn who_asks_pays_if_it_is_said() {
    let server = server(1);
    let options = S3Options { request_payer: true, ..options(&server.url, SMALL) };
    let found = find(&["s3://logs".to_owned()], &Prune::default(), &options).unwrap();
    assert_eq!(read_all(&found).len(), 1);
    assert!(server.store.asked().iter().all(|asked| asked.payer));
}

#[test]
fn what_is_ahead_is_bounded() {
    let server = server(40);
    let found = found(&server, SMALL);
    server.store.asked();
    let order: Vec<usize> = (0..40).collect();
    let ahead = Ahead::new(&found.objects, &order);
    // 200 KiB are room for three starts of 64 KiB.
    assert_eq!(asked_in_time(&server, 3), 3);
    for place in (0..40).rev() {
        assert!(read(ahead.open(place, &Limits::default()).unwrap()).0 == text(place), "in another order too");
    }
    drop(ahead);
    let many = S3Limits { bytes_ahead: 64 << 20, ..SMALL };
    let found = self::found(&server, many);
    server.store.asked();
    let ahead = Ahead::new(&found.objects, &order);
    assert_eq!(asked_in_time(&server, 5), 5, "as many as objects are allowed");
    drop(ahead);
}

/// How many requests come: as many as are expected, however busy the machine is, and those of a while after.
fn asked_in_time(server: &Server, expected: usize) -> usize {
    let begun = Instant::now();
    let mut asked = 0;
    while asked < expected && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
        asked += server.store.asked().len();
    }
    std::thread::sleep(Duration::from_millis(300));
    asked + server.store.asked().len()
}

#[test]
fn ten_thousand_small_objects_are_found_and_read() {
    let server = Server::start(false).unwrap();
    for place in 0..10_000 {
        server.store.put(format!("x/{place:05}.log"), Held::Bytes(format!("2 {place}\n").into()));
    }
    let found = found(&server, S3Limits::default());
    assert_eq!((found.objects.len(), found.lists), (10_000, 11));
    let read = read_all(&found);
    for (place, object) in read.into_iter().enumerate() {
        assert_eq!(object.unwrap(), (format!("2 {place}\n").into_bytes(), Ending::Complete));
    }
}

#[test]
fn three_hundred_megabytes_come_in_parts_while_they_are_read() {
    let server = Server::start(false).unwrap();
    let line = b"2 123456789012 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n";
    let piece = line.repeat(1000);
    let times = 300_000_000_u64.div_ceil(piece.len() as u64);
    server.store.put("x/large.log", Held::Repeated(piece.clone().into(), times));
    let found = found(&server, S3Limits::default());
    server.store.asked();
    let began = Instant::now();
    let Content::Lines(mut lines) = Ahead::new(&found.objects, &[0]).open(0, &Limits::default()).unwrap() else {
        panic!()
    };
    let (mut block, mut bytes, mut first) = (Vec::new(), 0, None);
    while lines.next_block(&mut block).is_some() {
        first.get_or_insert_with(|| (began.elapsed(), server.store.asked().len()));
        bytes += block.len() as u64;
        assert!(block.chunks(line.len()).all(|given| given == line));
    }
    assert_eq!((bytes, lines.ending()), (times * piece.len() as u64, &Ending::Complete));
    assert!(first.unwrap().1 <= 1 + PARTS_AHEAD_MAX, "lines are given before the whole is here: {first:?}");
    assert_eq!(server.store.asked().len() + first.unwrap().1, 36);
}

#[test]
fn parquet_is_fetched_whole_if_small_and_by_ranges_if_large() {
    let server = Server::start(false).unwrap();
    let file = |bytes: usize| [&b"PAR1"[..], &(0..=250).cycle().take(bytes).collect::<Vec<u8>>(), b"PAR1"].concat();
    let (small, large) = (file(50_000), file(3 << 20));
    server.store.put("x/1.parquet", Held::Bytes(small.clone().into()));
    server.store.put("x/2.parquet", Held::Bytes(large.clone().into()));
    server.store.put("x/3.log", Held::Bytes(large.clone().into()));
    let found = found(&server, S3Limits::default());
    server.store.asked();
    for (place, file, gets) in [(0, small, 1), (1, large.clone(), 4), (2, large, 1)] {
        let Content::Parquet(access) = Ahead::new(&found.objects, &[place]).open(place, &Limits::default()).unwrap()
        else {
            panic!()
        };
        let end = file.len() as u64;
        assert_eq!((access.len(), access.read(end - 8, 8).unwrap()), (end, file[file.len() - 8..].to_vec()));
        let ranges = [(10_000, 2000), (40_000, 3), (end - 5000, 5000), (end / 2 + 20_000, 7)];
        let expected = ranges.map(|(at, length)| file[usize::try_from(at).unwrap()..][..length].to_vec());
        assert_eq!(access.read_all(&ranges).unwrap(), expected);
        assert!(access.read_all(&[(end - 1, 2)]).is_err());
        let asked = server.store.asked();
        assert_eq!(asked.len(), gets, "{asked:?}");
    }
}
