//! A store that speaks S3, in this process, for tests and benchmarks: another project's implementation of the protocol
//! (signatures, XML, ranges) over objects held here, and faults where they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CommonPrefix, DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

#[path = "store_raw.rs"]
mod raw;
#[allow(unused_imports, reason = "each of its users needs a part of it")]
pub(crate) use raw::{Raw, http};

/// The only bucket.
pub(crate) const BUCKET: &str = "logs";
/// The access key and the secret of a server that asks for them.
pub(crate) const KEYS: (&str, &str) = ("AKIAOUTFLOWTEST", "not-a-secret");
/// Another key that such a server knows.
pub(crate) const OTHER_KEYS: (&str, &str) = ("AKIAOTHERPROFILE", "another-secret");
/// The pieces in which bodies are sent.
const PIECE_BYTES: u64 = 64 << 10;
/// Keys on a page of a listing, unless a test wants fewer.
const PAGE_KEYS: usize = 1000;

/// What an object holds.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Bytes(Bytes),
    /// The same bytes again and again.
    Repeated(Bytes, u64),
    File(PathBuf, u64),
}

impl Held {
    fn bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Repeated(bytes, times) => bytes.len() as u64 * times,
            Self::File(_, bytes) => *bytes,
        }
    }

    /// The bytes at a place, as many as are at hand and at most those of the range.
    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let from = |bytes: &Bytes, at: u64| {
            let start = usize::try_from(at).unwrap_or(bytes.len()).min(bytes.len());
            bytes.slice(start..bytes.len().min(start + length))
        };
        match self {
            Self::Bytes(bytes) => Ok(from(bytes, range.start)),
            Self::Repeated(bytes, _) => Ok(from(bytes, range.start % bytes.len() as u64)),
            Self::File(path, _) => {
                let mut bytes = vec![0; length];
                let mut file = std::fs::File::open(path)?;
                file.seek(SeekFrom::Start(range.start))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }
}

/// A request, as a plan of faults sees it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The key of a GET; none for a LIST.
    pub(crate) key: Option<String>,
    /// The first byte of a GET, and the prefix of a LIST.
    pub(crate) from: u64,
    pub(crate) prefix: String,
    /// The region of the signature.
    pub(crate) region: Option<String>,
    /// The access key of the signature.
    pub(crate) key_id: Option<String>,
    /// Whether whoever asks pays.
    pub(crate) payer: bool,
    /// Whether it is a PUT of the key.
    pub(crate) puts: bool,
    /// How many requests for the same came before.
    pub(crate) before: usize,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is answered with an error: status, code, message, the bucket's region.
    Answer(u16, &'static str, &'static str, Option<&'static str>),
    /// After so many bytes of the body the connection breaks.
    Break(u64),
    /// The body ends after so many bytes as if it were whole.
    Cut(u64),
    /// After so many bytes nothing comes any more.
    Stall(u64),
    /// Each piece takes so long.
    Slow(Duration),
    /// Each byte takes so long.
    Trickle(Duration),
    /// A PUT is carried out, and answered with a failure of the server.
    Lost,
    /// A PUT is carried out whatever its conditions are.
    Heedless,
    /// A page of a listing is changed.
    Page(fn(&mut ListObjectsV2Output)),
}

type Plan = dyn Fn(&Asked) -> Option<Fault> + Send + Sync;

/// The objects, and what was asked of them.
pub(crate) struct Store {
    objects: Mutex<BTreeMap<String, (Held, String)>>,
    asked: Mutex<Vec<Asked>>,
    plan: Mutex<Arc<Plan>>,
    page_keys: Mutex<usize>,
}

impl Default for Store {
    fn default() -> Self {
        let plan: Arc<Plan> = Arc::new(|_: &Asked| None);
        Self {
            objects: Mutex::default(),
            asked: Mutex::default(),
            plan: Mutex::new(plan),
            page_keys: Mutex::new(PAGE_KEYS),
        }
    }
}

impl Store {
    /// Puts an object; each time it has another etag.
    pub(crate) fn put(&self, key: impl Into<String>, held: Held) {
        self.put_unless(key.into(), held, false);
    }

    /// Puts an object, unless there is one already and that matters; says whether it did.
    fn put_unless(&self, key: String, held: Held, matters: bool) -> bool {
        let mut objects = lock(&self.objects);
        if matters && objects.contains_key(&key) {
            return false;
        }
        let etag = format!("\"{:032x}\"", objects.len() + 1);
        let etag = objects.get(&key).map_or(etag, |(_, before)| format!("{}x\"", before.trim_end_matches('"')));
        objects.insert(key, (held, etag));
        true
    }

    /// Copies an object; the copy has its etag.
    pub(crate) fn copy(&self, from: &str, to: impl Into<String>) {
        let mut objects = lock(&self.objects);
        if let Some(copied) = objects.get(from).cloned() {
            objects.insert(to.into(), copied);
        }
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, key: &str) {
        lock(&self.objects).remove(key);
    }

    /// Decides what goes wrong from now on.
    pub(crate) fn plan(&self, plan: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static) {
        *lock(&self.plan) = Arc::new(plan);
    }

    /// How many keys a page of a listing has.
    pub(crate) fn page(&self, keys: usize) {
        *lock(&self.page_keys) = keys;
    }

    /// Takes what was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.asked))
    }

    /// Notes a request and says what goes wrong with it.
    fn fault(&self, mut asked: Asked) -> S3Result<Option<Fault>> {
        let mut all = lock(&self.asked);
        let of = |asked: &Asked| (asked.key.clone(), asked.from, asked.prefix.clone(), asked.puts);
        let same = |other: &&Asked| of(other) == of(&asked);
        asked.before = all.iter().filter(same).count();
        all.push(asked.clone());
        drop(all);
        let plan = Arc::clone(&lock(&self.plan));
        match plan(&asked) {
            Some(Fault::Answer(status, code, message, region)) => Err(answer(status, code, message, region)),
            fault => Ok(fault),
        }
    }

    fn list(&self, asked: &ListObjectsV2Input) -> ListObjectsV2Output {
        let prefix = asked.prefix.clone().unwrap_or_default();
        let after = asked.continuation_token.clone().or_else(|| asked.start_after.clone());
        let most = asked.max_keys.and_then(|keys| usize::try_from(keys).ok()).unwrap_or(PAGE_KEYS);
        let page_keys = most.min(*lock(&self.page_keys));
        let (mut contents, mut folders, mut next, mut more) = (Vec::new(), BTreeSet::new(), None, false);
        for (key, (held, etag)) in lock(&self.objects).iter().filter(|(key, _)| key.starts_with(&prefix)) {
            let delimiter = asked.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
            let folder = delimiter.and_then(|delimiter| Some(prefix.len() + key[prefix.len()..].find(delimiter)? + 1));
            let name = folder.map_or(key.as_str(), |end| &key[..end]);
            if after.as_deref().is_some_and(|after| name <= after) || folders.contains(name) {
                continue;
            }
            if contents.len() + folders.len() == page_keys {
                more = true;
                break;
            }
            next = Some(name.to_owned());
            if folder.is_some() {
                folders.insert(name.to_owned());
            } else {
                contents.push(Object {
                    key: Some(key.clone()),
                    e_tag: Some(etag.clone()),
                    size: Some(held.bytes().cast_signed()),
                    last_modified: Some(std::time::UNIX_EPOCH.into()),
                    ..Object::default()
                });
            }
        }
        let folder = |prefix| CommonPrefix { prefix: Some(prefix) };
        ListObjectsV2Output {
            name: Some(asked.bucket.clone()),
            key_count: i32::try_from(contents.len() + folders.len()).ok(),
            contents: Some(contents),
            common_prefixes: Some(folders.into_iter().map(folder).collect()),
            is_truncated: Some(more),
            next_continuation_token: next.filter(|_| more),
            prefix: asked.prefix.clone(),
            delimiter: asked.delimiter.clone(),
            ..ListObjectsV2Output::default()
        }
    }
}

fn answer(status: u16, code: &str, message: &'static str, region: Option<&'static str>) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, message);
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        error.set_status_code(status);
    }
    if let Some(region) = region {
        let value = hyper::header::HeaderValue::from_static(region);
        error.set_headers(
            [(hyper::header::HeaderName::from_static("x-amz-bucket-region"), value)].into_iter().collect(),
        );
    }
    error
}

/// The store as the protocol's implementation calls it.
struct Service(Arc<Store>);

#[async_trait::async_trait]
impl S3 for Service {
    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let prefix = request.input.prefix.clone().unwrap_or_default();
        let payer = request.input.request_payer.is_some();
        let key_id = request.credentials.map(|credentials| credentials.access_key);
        let asked = Asked { key: None, from: 0, prefix, region: request.region, key_id, payer, puts: false, before: 0 };
        let fault = self.0.fault(asked)?;
        if request.input.bucket != BUCKET {
            return Err(S3Error::with_message(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist"));
        }
        let mut page = self.0.list(&request.input);
        if let Some(Fault::Page(change)) = fault {
            change(&mut page);
        }
        Ok(S3Response::new(page))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.write(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { key, range, if_match, request_payer, .. } = request.input;
        let from = range.as_ref().map_or(0, |range| range.check(u64::MAX).map_or(0, |range| range.start));
        let asked = Asked {
            key: Some(key.clone()),
            from,
            prefix: String::new(),
            region: request.region,
            key_id: request.credentials.map(|credentials| credentials.access_key),
            payer: request_payer.is_some(),
            puts: false,
            before: 0,
        };
        let fault = self.0.fault(asked)?;
        let found = lock(&self.0.objects).get(&key).cloned();
        let (held, etag) = found.ok_or_else(|| S3Error::new(S3ErrorCode::NoSuchKey))?;
        if if_match.is_some_and(|wanted| wanted != etag) {
            return Err(S3Error::new(S3ErrorCode::PreconditionFailed));
        }
        let bytes = match &range {
            Some(range) => range.check(held.bytes()).map_err(|_| S3Error::new(S3ErrorCode::InvalidRange))?,
            None => 0..held.bytes(),
        };
        let length = (bytes.end - bytes.start).cast_signed();
        let cut = matches!(fault, Some(Fault::Cut(_)));
        Ok(S3Response::new(GetObjectOutput {
            content_length: (!cut).then_some(length),
            content_range: range.map(|_| format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, held.bytes())),
            e_tag: Some(etag),
            last_modified: Some(std::time::UNIX_EPOCH.into()),
            body: Some(body(held, bytes, fault)),
            ..GetObjectOutput::default()
        }))
    }
}

/// What a client writes and deletes.
impl Service {
    async fn write(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { key, body, if_none_match, .. } = request.input;
        let asked = Asked {
            key: Some(key.clone()),
            from: 0,
            prefix: String::new(),
            region: request.region,
            key_id: request.credentials.map(|credentials| credentials.access_key),
            payer: false,
            puts: true,
            before: 0,
        };
        let fault = self.0.fault(asked)?;
        let mut bytes = Vec::new();
        if let Some(mut body) = body {
            while let Some(piece) = body.try_next().await.map_err(|_| S3Error::new(S3ErrorCode::IncompleteBody))? {
                bytes.extend_from_slice(&piece);
            }
        }
        let heeds = !matches!(fault, Some(Fault::Heedless));
        let is_new = self.0.put_unless(key, Held::Bytes(bytes.into()), if_none_match.is_some() && heeds);
        match fault {
            Some(Fault::Lost) => Err(answer(500, "InternalError", "lost by the test", None)),
            _ if is_new => Ok(S3Response::new(PutObjectOutput::default())),
            _ => Err(S3Error::new(S3ErrorCode::PreconditionFailed)),
        }
    }
}

/// A body, piece by piece, until its fault.
fn body(held: Held, range: Range<u64>, fault: Option<Fault>) -> StreamingBlob {
    let begin = range.start;
    StreamingBlob::wrap(stream::unfold(Some(range), move |rest| {
        let (held, fault) = (held.clone(), fault.clone());
        async move {
            let rest = rest.filter(|rest| !rest.is_empty())?;
            let sent = rest.start - begin;
            let mut end = rest.end.min(rest.start + PIECE_BYTES);
            match fault {
                Some(Fault::Break(after)) if sent >= after => {
                    // What was sent before must be in flight, or the connection breaks before the answer.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    return Some((Err(io::Error::other("broken by the test")), None));
                }
                Some(Fault::Cut(after)) if sent >= after => return None,
                Some(Fault::Stall(after)) if sent >= after => std::future::pending().await,
                Some(Fault::Break(after) | Fault::Cut(after) | Fault::Stall(after)) => end = end.min(begin + after),
                Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
                Some(Fault::Trickle(pause)) => {
                    tokio::time::sleep(pause).await;
                    end = end.min(rest.start + 1);
                }
                Some(Fault::Answer(..) | Fault::Page(_) | Fault::Lost | Fault::Heedless) | None => {}
            }
            let piece = held.read(rest.start..end);
            let next = piece.as_ref().map_or(rest.end, |piece| rest.start + piece.len() as u64);
            Some((piece, Some(next..rest.end)))
        }
    }))
}

/// A server on a port of this machine, for as long as it is held.
pub(crate) struct Server {
    pub(crate) store: Arc<Store>,
    pub(crate) url: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Server {
    /// Starts to serve; to those who sign with [`KEYS`], or to everybody.
    pub(crate) fn start(signed: bool) -> io::Result<Self> {
        Self::start_at("127.0.0.1:0", signed)
    }

    /// Starts to serve at an address.
    pub(crate) fn start_at(address: &str, signed: bool) -> io::Result<Self> {
        let store = Arc::new(Store::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut builder = S3ServiceBuilder::new(Service(Arc::clone(&store)));
        if signed {
            let mut keys = SimpleAuth::from_single(KEYS.0, KEYS.1);
            keys.register(OTHER_KEYS.0.to_owned(), OTHER_KEYS.1.to_owned().into());
            builder.set_auth(keys);
        }
        let service = builder.build().into_shared();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address))?;
        let url = format!("http://{}", listener.local_addr()?);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let socket = hyper_util::rt::TokioIo::new(socket);
                    // A client that goes away is no failure of the server.
                    let _gone = hyper::server::conn::http1::Builder::new().serve_connection(socket, service).await;
                });
            }
        });
        Ok(Self { store, url, runtime: Some(runtime) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
