//! What every store must do: objects that were put are found, opened, and read to their end as they are, however
//! they are packed and damaged. A further store adds its [`Store`] and one test that runs [`conforms`].

use std::io::Write;
use std::process::{Child, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::store::{BUCKET, Held, Server};
use super::*;

/// A place where the suite can put objects.
pub(super) trait Store {
    /// Puts an object.
    fn put(&self, key: &str, bytes: &[u8]);
    /// How a user names what is below a key.
    fn input(&self, key: &str) -> String;
    /// How it is reached.
    fn options(&self) -> S3Options {
        S3Options::default()
    }
    /// Of the many damages that are tried of one object, one in this many is.
    fn step(&self) -> usize {
        1
    }
    /// Whether objects that are not needed are left out before they are seen, and so not counted.
    fn narrows(&self) -> bool {
        false
    }
}

struct Folder(tempfile::TempDir);

impl Store for Folder {
    fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.0.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn input(&self, key: &str) -> String {
        self.0.path().join(key).display().to_string()
    }
}

#[test]
fn local_files_conform() {
    conforms(&|| Box::new(Folder(tempfile::tempdir().unwrap())));
}

/// The store of this process, with parts so small that most objects take several.
struct InProcess(Server, u64);

impl Store for InProcess {
    fn put(&self, key: &str, bytes: &[u8]) {
        self.0.store.put(key, Held::Bytes(bytes.to_vec().into()));
    }

    fn input(&self, key: &str) -> String {
        format!("s3://{BUCKET}/{key}")
    }

    fn options(&self) -> S3Options {
        s3::tests::options(&self.0.url, S3Limits { part_bytes: self.1, ..S3Limits::default() })
    }

    fn narrows(&self) -> bool {
        true
    }

    fn step(&self) -> usize {
        47
    }
}

#[test]
fn a_store_of_s3_s_protocol_conforms() {
    conforms(&|| Box::new(InProcess(Server::start(false).unwrap(), PART_BYTES)));
}

#[test]
fn a_store_of_s3_s_protocol_conforms_in_small_parts_and_pages() {
    conforms(&|| {
        let server = Server::start(false).unwrap();
        server.store.page(2);
        Box::new(InProcess(server, 997))
    });
}

/// A bucket of moto's server, which is another project's idea of S3 than that of this process.
struct Moto {
    options: S3Options,
    bucket: String,
}

impl Store for Moto {
    fn put(&self, key: &str, bytes: &[u8]) {
        s3::tests::put(&self.options, &self.bucket, key, bytes);
    }

    fn input(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    fn options(&self) -> S3Options {
        self.options.clone()
    }

    fn narrows(&self) -> bool {
        true
    }

    fn step(&self) -> usize {
        199
    }
}

#[test]
fn moto_s_server_conforms() {
    let Some(python) = std::env::var_os("OUTFLOW_MOTO_PYTHON") else {
        eprintln!("skipped: OUTFLOW_MOTO_PYTHON names no Python that has moto");
        return;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = std::process::Command::new(python);
    server.args(["-m", "moto.server", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = Killed(server.spawn().unwrap());
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(server.0.try_wait().unwrap().is_none(), "moto's server ended");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let options = s3::tests::options(&format!("http://127.0.0.1:{port}"), S3Limits::default());
    let buckets = std::cell::Cell::new(0);
    conforms(&|| {
        buckets.set(buckets.get() + 1);
        let bucket = format!("logs-{}", buckets.get());
        s3::tests::make_bucket(&options, &bucket);
        Box::new(Moto { options: options.clone(), bucket })
    });
}

/// A process that ends with the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Runs the suite, each part against an empty store.
pub(super) fn conforms(new_store: &dyn Fn() -> Box<dyn Store>) {
    for part in [
        objects_are_found_by_key_and_pruned,
        an_input_without_objects_is_an_error,
        content_is_reported_by_its_bytes,
        unreadable_content_is_rejected_by_name,
        text_is_the_same_however_it_is_packed,
        a_cut_gzip_gives_the_lines_before_the_cut,
        a_flipped_byte_is_never_passed_over,
        damage_is_named_and_keeps_what_came_before,
        the_limit_on_inflated_bytes_holds,
        parquet_is_read_in_any_order,
    ] {
        part(&*new_store());
    }
}

const TEXT: &str =
    "version account-id interface-id\n2 123456789012 eni-1\n2 123456789012 eni-2\n2 123456789012 eni-3\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Puts an object under a key and opens it.
fn open_put(store: &dyn Store, key: &str, bytes: &[u8], limits: &Limits) -> Result<Content, ObjectError> {
    store.put(key, bytes);
    let found = find(&[store.input(key)], &Prune::default(), &store.options()).unwrap();
    assert_eq!(found.objects.len(), 1);
    assert_eq!(found.objects[0].stored_bytes, bytes.len() as u64);
    open(&found.objects[0], limits)
}

fn lines_of(content: Content) -> Lines {
    match content {
        Content::Lines(lines) | Content::Json(lines) => lines,
        other => panic!("not lines: {other:?}"),
    }
}

/// The text of an object and how it ended; an object that is empty is complete.
fn read(content: Content) -> (String, Ending) {
    if matches!(content, Content::Empty) {
        return (String::new(), Ending::Complete);
    }
    let (mut lines, mut block, mut text) = (lines_of(content), Vec::new(), Vec::new());
    while let Some(kind) = lines.next_block(&mut block) {
        assert_eq!(kind, Block::Lines);
        text.extend_from_slice(&block);
    }
    (String::from_utf8_lossy(&text).into_owned(), lines.ending().clone())
}

fn read_put(store: &dyn Store, bytes: &[u8]) -> (String, Ending) {
    read(open_put(store, "x.log.gz", bytes, &Limits::default()).unwrap())
}

fn objects_are_found_by_key_and_pruned(store: &dyn Store) {
    let folder =
        |account: &str, service: &str, day: &str| format!("AWSLogs/{account}/{service}/us-east-1/2024/03/{day}");
    store.put(&format!("{}/b.log", folder("123456789012", "vpcflowlogs", "10")), b"b");
    store.put(&format!("{}/a.log", folder("123456789012", "vpcflowlogs", "09")), b"a");
    store.put(&format!("{}/c.log", folder("210987654321", "vpcflowlogs", "09")), b"c");
    store.put(&format!("{}/d.json", folder("123456789012", "CloudTrail", "09")), b"d");
    store.put("_SUCCESS", b"");
    let find = |prune: &Prune| find(&[store.input("")], prune, &store.options()).unwrap();
    let ends = |found: &Found| -> Vec<String> {
        found.objects.iter().map(|object| object.name.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let all = find(&Prune::default());
    assert_eq!((ends(&all), all.pruned, all.warnings.len()), (vec_of(&["a.log", "b.log", "c.log"]), 0, 0));
    assert!(all.foreign == 1 || store.narrows());
    let noon = 19_791 * 86_400 + 43_200;
    let accounts = vec_of(&["123456789012"]);
    let some = find(&Prune { from: Some(noon), to: Some(noon + 60), accounts, ..Prune::default() });
    let left_out = if store.narrows() { (0, 0) } else { (2, 1) };
    assert_eq!((ends(&some), (some.pruned, some.foreign)), (vec_of(&["a.log"]), left_out));
}

fn vec_of(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn an_input_without_objects_is_an_error(store: &dyn Store) {
    store.put("there/x.log", b"x");
    assert!(find(&[store.input("elsewhere")], &Prune::default(), &store.options()).is_err());
}

fn content_is_reported_by_its_bytes(store: &dyn Store) {
    let kind = |key: &str, bytes: &[u8]| match open_put(store, key, bytes, &Limits::default()).unwrap() {
        Content::Empty => "empty",
        Content::Lines(_) => "lines",
        Content::Json(_) => "json",
        Content::Parquet(_) => "parquet",
    };
    assert_eq!(kind("0.log.gz", b""), "empty");
    assert_eq!(kind("1.log.gz", &gzip(b"")), "empty");
    assert_eq!(kind("2.log", b"\xef\xbb\xbf"), "empty");
    assert_eq!(kind("3.log.gz", TEXT.as_bytes()), "lines");
    assert_eq!(kind("4.log", &gzip(TEXT.as_bytes())), "lines");
    assert_eq!(kind("5.log", b"\n \t\n"), "lines");
    assert_eq!(kind("6.log", b" \n{\"message\": \"2 1\"}"), "json");
    assert_eq!(kind("7.log", &gzip(b"\xef\xbb\xbf[{}]")), "json");
    assert_eq!(kind("8.log.gz", b"PAR1...."), "parquet");
    assert_eq!(kind("9.log", &gzip(b"PAR1....")), "parquet");
    assert_eq!(read_put(store, b"\xef\xbb\xbf2 1\n").0, "2 1\n");
}

fn unreadable_content_is_rejected_by_name(store: &dyn Store) {
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let cases: [(&[u8], &str); 11] = [
        (b"\x28\xb5\x2f\xfd....", "zstd -d"),
        (b"PK\x03\x04....", "unzip"),
        (b"BZh91AY&SY", "bunzip2"),
        (b"\xfd7zXZ\0....", "xz -d"),
        (b"\x04\x22\x4d\x18....", "lz4 -d"),
        (b"\xff\xfev\0e\0r\0", "UTF-16"),
        (b"\xfe\xff\0v\0e\0r", "UTF-16"),
        (b"v\0e\0r\0", "binary"),
        (b"\x01\x02\x03\x04 text", "binary"),
        (b"PARE....", "encrypted"),
        (&tar, "tar -xf"),
    ];
    for (bytes, part) in cases {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let error = open_put(store, "x.log", &bytes, &Limits::default()).unwrap_err().to_string();
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let bomb = (0..=GZIP_LAYERS_MAX).fold(TEXT.as_bytes().to_vec(), |bytes, _| gzip(&bytes));
    assert_eq!(open_put(store, "x.log", &bomb, &Limits::default()).unwrap_err(), ObjectError::Layers);
}

fn text_is_the_same_however_it_is_packed(store: &dyn Store) {
    let text = TEXT.repeat(1500);
    let (start, end) = text.as_bytes().split_at(70_001);
    let members = [gzip(start), gzip(b""), gzip(end)].concat();
    let padded = [&gzip(text.as_bytes())[..], &[0; 700]].concat();
    let between = [&gzip(start)[..], &[0; 5], &gzip(end)].concat();
    let stored = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let named = {
        let builder = flate2::GzBuilder::new().filename("x.log").comment("c").extra(vec![7; 300]);
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let twice = gzip(&gzip(text.as_bytes()));
    for bytes in [text.clone().into_bytes(), members, padded, between, stored, named, twice] {
        for block_bytes in [100, 4096, BLOCK_BYTES, 8 << 20] {
            let limits = Limits { block_bytes, ..Limits::default() };
            let content = open_put(store, "x.log", &bytes, &limits).unwrap();
            assert!(read(content) == (text.clone(), Ending::Complete), "{block_bytes}");
        }
        let mut lines = lines_of(open_put(store, "x.log", &bytes, &Limits::default()).unwrap());
        while lines.next_block(&mut Vec::new()).is_some() {}
        assert_eq!(lines.stored_bytes_read(), bytes.len() as u64);
    }
}

fn a_cut_gzip_gives_the_lines_before_the_cut(store: &dyn Store) {
    let text = (0..200).map(|line| format!("{line} {}\n", line * 7919)).collect::<String>();
    let (start, end) = text.split_at(text.len() / 2 + 3);
    let first_member = gzip(start.as_bytes());
    let whole = [&first_member[..], &gzip(end.as_bytes())].concat();
    for cut in (2..whole.len()).step_by(store.step()).chain([first_member.len()]) {
        let (given, ending) = read_put(store, &whole[..cut]);
        assert!(text.starts_with(&given), "cut at {cut}");
        if cut == first_member.len() {
            assert_eq!((given.as_str(), ending), (start, Ending::Complete), "a member's end looks like the end");
        } else {
            assert!(matches!(ending, Ending::Truncated { .. }), "cut at {cut}: {ending:?}");
            assert!(given.is_empty() || given.ends_with('\n'), "cut at {cut}");
        }
    }
    assert_eq!(read_put(store, &whole[..whole.len() - 1]).0, text);
}

fn a_flipped_byte_is_never_passed_over(store: &dyn Store) {
    let whole = [gzip(&TEXT.as_bytes()[..50]), gzip(&TEXT.as_bytes()[50..])].concat();
    for (place, bit) in (0..whole.len()).flat_map(|place| [0, 3, 7].map(|bit| (place, bit))).step_by(store.step()) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << bit;
        // Only flips of a header's time, hints and system may be complete: they do not affect the data.
        if let Ok((text, Ending::Complete)) = open_put(store, "x.log", &bytes, &Limits::default()).map(read) {
            assert_eq!(text, TEXT, "bit {bit} of byte {place}");
        }
    }
}

fn damage_is_named_and_keeps_what_came_before(store: &dyn Store) {
    let whole = gzip(TEXT.as_bytes());
    let damaged = |places_from_end: usize| {
        let mut bytes = whole.clone();
        let place = bytes.len() - places_from_end;
        bytes[place] ^= 0xff;
        bytes
    };
    let unterminated = gzip(TEXT.trim_end().as_bytes());
    let cases: [(Vec<u8>, &str, &str); 5] = [
        (damaged(8), TEXT, "CRC-32"),
        (damaged(1), TEXT, "length"),
        ([&whole[..], b"garbage"].concat(), TEXT, "garbage after"),
        ([&whole[..], &[0, 0, 0x1f, 0x8c]].concat(), TEXT, "garbage after"),
        ([&unterminated[..], b"garbage"].concat(), TEXT.trim_end(), "garbage after"),
    ];
    for (bytes, expected, part) in cases {
        let (text, ending) = read_put(store, &bytes);
        assert_eq!(text, expected);
        let Ending::Corrupt { after_bytes, cause } = ending else { panic!("{ending:?}") };
        assert!(after_bytes >= expected.len() as u64 && cause.contains(part), "{cause}");
    }
    let mut bad = gzip(TEXT.as_bytes());
    bad[10] = 0b111; // A last block of the type that does not exist.
    assert!(matches!(read_put(store, &bad), (text, Ending::Corrupt { after_bytes: 0, .. }) if text.is_empty()));
}

fn the_limit_on_inflated_bytes_holds(store: &dyn Store) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..4 {
        encoder.write_all(&b"0123456\n".repeat(128 << 10)).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let limit = 1_000_003;
    let limits = Limits { decompressed_bytes: limit, ..Limits::default() };
    let (text, ending) = read(open_put(store, "x.log.gz", &bomb, &limits).unwrap());
    assert_eq!((text.len() as u64, ending), (limit / 8 * 8, Ending::TooLarge { limit }));
    let exact = Limits { decompressed_bytes: TEXT.len() as u64, ..Limits::default() };
    let (text, ending) = read(open_put(store, "y.log.gz", &gzip(TEXT.as_bytes()), &exact).unwrap());
    assert_eq!((text.as_str(), ending), (TEXT, Ending::Complete));
}

fn parquet_is_read_in_any_order(store: &dyn Store) {
    let file = [&b"PAR1"[..], &[7; 5000], b"PAR1"].concat();
    for bytes in [file.clone(), gzip(&file)] {
        let Content::Parquet(access) = open_put(store, "x.log", &bytes, &Limits::default()).unwrap() else { panic!() };
        assert_eq!((access.len(), access.read(5002, 6).unwrap()), (5008, b"\x07\x07PAR1".to_vec()));
    }
    let limits = Limits { parquet_in_memory_bytes: 5007, ..Limits::default() };
    let error = open_put(store, "x.log", &gzip(&file), &limits).unwrap_err();
    assert_eq!(error, ObjectError::TooLarge { limit: 5007 });
    let packed = gzip(&file);
    let error = open_put(store, "x.log", &packed[..packed.len() - 3], &Limits::default()).unwrap_err();
    assert!(matches!(error, ObjectError::Damaged(Ending::Truncated { .. })), "{error}");
}
