//! The connection: options → a client for a bucket, and the runtime that moves the bytes.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};

use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, Intercept, RequestChecksumCalculation, ResponseChecksumValidation, RuntimeComponents, SharedHttpClient,
    SharedInterceptor,
};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use tokio::runtime::{self, Runtime};

use super::bounded::Bounded;
use super::pages::Closed;
use super::place::is_arn;
use super::secrets::{Remember, Secrets, without_password};
use super::settings::{self, Settings};
use super::{S3Options, proxy};
use crate::error::{Error, panic_text};

/// Threads that move bytes and decrypt them; decoding has threads of its own.
const RUNTIME_THREADS_MAX: usize = 4;
/// How long a connection may take to be made.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long credentials may take: some programs of `credential_process` ask a person.
const IDENTITY: std::time::Duration = std::time::Duration::from_secs(120);

/// The runtime, started when it is first asked for. It lives as long as the process: nothing waits for it at the end.
pub(super) fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();
    let start = || {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut builder = runtime::Builder::new_multi_thread();
        builder.worker_threads(cores.min(RUNTIME_THREADS_MAX)).thread_name("outflow-s3").enable_all();
        builder.build()
    };
    RUNTIME.get_or_init(start).as_ref().map_err(|cause| Error::system(format!("cannot start threads for S3: {cause}")))
}

/// Makes a client, or does what may make one. What a library panics on is an error.
pub(super) fn guarded<T>(make: impl FnOnce() -> T) -> Result<T, Error> {
    panic::catch_unwind(AssertUnwindSafe(make)).map_err(|panic| {
        let cause = panic_text(&*panic);
        Error::system(format!("the S3 client cannot be set up: {}", Secrets::default().redact(cause)))
            .hint("check the AWS_ variables of the environment and the profile")
    })
}

/// What all buckets share: credentials, region, endpoint, retries.
#[derive(Debug)]
pub(super) struct Account {
    config: SdkConfig,
    options: S3Options,
    endpoint: Option<String>,
    path_style: bool,
    secrets: Arc<Secrets>,
}

impl Account {
    /// Reads the environment and the profile. Credentials are asked for by the first request.
    pub(super) async fn of(options: &S3Options) -> Result<Self, Error> {
        let (limits, settings) = (options.limits, Settings::of(options).await?);
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(limits.stall).build();
        let http = http_client(settings.trust.as_ref())?;
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .profile_name(settings.profile())
            .region(settings.region.clone())
            .retry_config(settings.retry.clone())
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::lazy().load_timeout(IDENTITY).build())
            // A stalled body is asked for anew from where it stopped, which the SDK's own protection does not do.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // Not every store knows the checksums that S3 takes; TLS and the length are checked as it is.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        if let Ok(name) = AppName::new("outflow") {
            loader = loader.app_name(name);
        }
        if options.unsigned {
            loader = loader.no_credentials();
        } else {
            let region = Some(settings.region.clone());
            let config = ProviderConfig::without_region().with_region(region).with_http_client(http);
            if options.profile.is_some() {
                loader = loader.credentials_provider(settings.credentials(&config));
            } else if let Some(keys) = settings::keys_of_environment()? {
                loader = loader.credentials_provider(keys);
            } else if settings.takes_web_identity()? {
                loader = loader.credentials_provider(Settings::web_identity(&config));
            }
        }
        let config = loader.load().await;
        let endpoint = settings.endpoint(options, &config)?;
        let path_style = settings.path_style(options, endpoint.is_some())?;
        Ok(Self { config, options: options.clone(), endpoint, path_style, secrets: Arc::default() })
    }

    /// A bucket, in the region that is known or in the one it is said to be in.
    pub(super) fn bucket(&self, name: &str, region: Option<String>) -> Bucket {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        // The name of an access point stands in no path.
        config.set_force_path_style(Some(self.path_style && !is_arn(name)));
        config.set_endpoint_url(self.endpoint.clone());
        if let Some(region) = region {
            config.set_region(Some(Region::new(region)));
        }
        config.push_interceptor(SharedInterceptor::new(Repeated));
        config.push_interceptor(SharedInterceptor::new(Closed));
        config.push_interceptor(SharedInterceptor::new(Bounded::Errors));
        config.push_interceptor(SharedInterceptor::new(Remember(Arc::clone(&self.secrets))));
        let attempts = self.config.retry_config().map_or(1, RetryConfig::max_attempts);
        let client = Client::from_conf(config.build());
        let (endpoint, secrets) = (self.endpoint.clone(), Arc::clone(&self.secrets));
        Bucket { name: name.to_owned(), client, attempts, options: self.options.clone(), endpoint, secrets }
    }
}

/// Tells of requests that the SDK sends again.
#[derive(Debug)]
struct Repeated;

impl Intercept for Repeated {
    fn name(&self) -> &'static str {
        "Repeated"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // "attempt=2; max=3", where there is a timeout after "ttl=20261001T000000Z; "
        let attempt = context.request().headers().get("amz-sdk-request").unwrap_or_default();
        let number = attempt.split("; ").find_map(|pair| pair.strip_prefix("attempt="));
        if number.is_some_and(|number| number != "1") {
            let path = without_password(context.request().uri().split('?').next().unwrap_or_default());
            tracing::warn!(?path, ?attempt, "a request failed and is sent again");
        }
        Ok(())
    }
}

/// A bucket and the client that reaches it.
#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    client: Client,
    attempts: u32,
    options: S3Options,
    endpoint: Option<String>,
    secrets: Arc<Secrets>,
}

impl Bucket {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn options(&self) -> &S3Options {
        &self.options
    }

    /// The endpoint of another store than AWS's, as it may be shown.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.endpoint.as_deref().map(without_password)
    }

    /// A text that somebody else wrote, as it may be shown.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }

    /// How many times anything is tried in all.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The region that the client asks.
    pub(super) fn region(&self) -> Option<&str> {
        self.client.config().region().map(Region::as_ref)
    }

    /// Who pays, where it is not the bucket's owner.
    pub(super) fn payer(&self) -> Option<RequestPayer> {
        self.options.request_payer.then_some(RequestPayer::Requester)
    }
}

/// HTTP over rustls and ring, which need a C compiler and nothing else, through the proxy that the environment names.
/// All clients that trust the system's certificates share one, and so its connections.
fn http_client(trust: Option<&TrustStore>) -> Result<SharedHttpClient, Error> {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    let proxy = proxy::of_environment()?;
    let connect = |context: TlsContext| {
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder().proxy_config(proxy.clone());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context.clone()).build()
        })
    };
    let Some(trust) = trust else {
        return Ok(CLIENT.get_or_init(|| connect(TlsContext::default())).clone());
    };
    let context = TlsContext::builder().with_trust_store(trust.clone()).build();
    context.map(connect).map_err(|error| Error::system(format!("the certificates cannot be used: {error}")))
}
