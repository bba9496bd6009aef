//! The connection: options → a client for a bucket, and the runtime that moves the bytes.

use std::io;
use std::sync::OnceLock;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, Intercept, ResponseChecksumValidation, RuntimeComponents, SharedHttpClient, SharedInterceptor,
};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use tokio::runtime::{self, Runtime};

use super::S3Options;
use crate::error::Error;

/// Threads that move bytes and decrypt them; decoding has threads of its own.
const RUNTIME_THREADS_MAX: usize = 4;
/// How long a connection may take to be made.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);
/// Where to begin if nothing names a region; S3 answers there for every bucket and says where it is.
const REGION: &str = "us-east-1";

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

/// What all buckets share: credentials, region, retries.
#[derive(Debug)]
pub(super) struct Account {
    config: SdkConfig,
    options: S3Options,
}

impl Account {
    /// Reads the environment and the profile. Credentials are asked for by the first request.
    pub(super) async fn of(options: &S3Options) -> Self {
        let limits = options.limits;
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(limits.stall).build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http_client())
            .region(region(options))
            .timeout_config(timeouts)
            // A stalled body is asked for anew from where it stopped, which the SDK's own protection does not do.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Ok(name) = AppName::new("outflow") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(retries) = options.retries {
            loader = loader.retry_config(RetryConfig::standard().with_max_attempts(retries.saturating_add(1)));
        }
        if options.unsigned {
            loader = loader.no_credentials();
        }
        Self { config: loader.load().await, options: options.clone() }
    }

    /// A bucket, in the region that is known or in the one it is said to be in.
    pub(super) fn bucket(&self, name: &str, region: Option<String>) -> Bucket {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        config.set_force_path_style(self.options.path_style.then_some(true));
        if let Some(url) = &self.options.endpoint_url {
            config.set_endpoint_url(Some(url.clone()));
        }
        if let Some(region) = region {
            config.set_region(Some(Region::new(region)));
        }
        config.push_interceptor(SharedInterceptor::new(Repeated));
        let attempts = self.config.retry_config().map_or(1, RetryConfig::max_attempts);
        let client = Client::from_conf(config.build());
        Bucket { name: name.to_owned(), client, attempts, options: self.options.clone() }
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
            let path = context.request().uri().split('?').next().unwrap_or_default();
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

/// The region that was asked for, else the environment's, else the profile's. The machine is not asked where it runs:
/// that takes seconds where there is no answer, and the bucket tells its own region.
fn region(options: &S3Options) -> RegionProviderChain {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    RegionProviderChain::first_try(options.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(REGION)
}

/// HTTP over rustls and ring, which need a C compiler and nothing else, through the proxy that the environment names.
/// All clients of the process share it, and so its connections.
fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    let connect = || {
        Builder::new().build_with_connector_fn(|settings, components| {
            let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
        })
    };
    CLIENT.get_or_init(connect).clone()
}
