//! How S3 is reached: what flags, environment and profile say together, in the AWS CLI's order of precedence.
//!
//! A flag wins over the environment, and that over the profile. All of it is checked here, before the SDK sees it: the SDK
//! panics on some wrong values and passes over others.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::TrustStore;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::S3Options;
use super::secrets::without_password;
use crate::collect::io_cause;
use crate::error::{Error, nearest};

/// Where to begin if nothing names a region; S3 answers there for every bucket and says where it is.
const REGION: &str = "us-east-1";
/// The profile that needs no name, and need not exist.
const DEFAULT_PROFILE: &str = "default";
/// The variables that name a profile, the first that is set.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];
/// The variables of an access key.
const KEY_VARIABLES: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/// The variables of a session token, the first that is set: the AWS CLI still prefers the old name, which the SDK passes over.
const TOKEN_VARIABLES: [&str; 2] = ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"];
/// The configuration files: the variable that names one, and where it is below the home folder.
const FILES: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")];
/// Names of profiles that a hint shows.
const PROFILES_SHOWN_MAX: usize = 20;

/// What was settled before the SDK is asked.
#[derive(Debug)]
pub(super) struct Settings {
    profile: String,
    profiles: ProfileSet,
    pub(super) region: Region,
    pub(super) retry: RetryConfig,
    /// The only certificates to trust, where a bundle is named.
    pub(super) trust: Option<TrustStore>,
    ignores_endpoints: bool,
}

impl Settings {
    /// Reads the environment and the profile.
    pub(super) async fn of(options: &S3Options) -> Result<Self, Error> {
        if options.profile.is_none() && !options.unsigned {
            check_keys()?;
        }
        for (variable, path) in FILES {
            check_file(variable, path)?;
        }
        let named = match &options.profile {
            Some(name) => Some(("--profile", name.clone())),
            None => first_variable(&PROFILE_VARIABLES)?,
        };
        let profile = named.as_ref().map_or(DEFAULT_PROFILE, |(_, name)| name).to_owned();
        let profiles = profile::load(&Fs::real(), &Env::real(), &Default::default(), Some(profile.clone().into()))
            .await
            .map_err(|error| Error::usage(format!("the AWS configuration files cannot be read: {error}")))?;
        if profiles.get_profile(&profile).is_none() {
            if let Some(section) = quoted_section(&profile) {
                return Err(Error::usage(format!("profile `{profile}`: the section [{section}] is not supported"))
                    .hint("name the profile with letters, digits and any of `_-/.%@:+`, without quotes"));
            }
            if let Some((by, name)) = named {
                return Err(no_profile(by, &name, &profiles));
            }
        }
        let mut settings = Self {
            profile,
            profiles,
            region: Region::from_static(REGION),
            retry: RetryConfig::standard(),
            trust: None,
            ignores_endpoints: false,
        };
        let region = match &options.region {
            Some(region) => Some(region.clone()),
            None => first_variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])?.map(|(_, region)| region),
        };
        if let Some(region) = region.or_else(|| settings.profiles.get("region").map(str::to_owned)) {
            settings.region = Region::new(region);
        }
        if !options.unsigned && (options.profile.is_some() || keys_of_environment()?.is_none()) {
            settings.check_profile()?;
        }
        settings.retry = settings.retry(options.retries)?;
        settings.trust =
            settings.setting("AWS_CA_BUNDLE", "ca_bundle")?.map(|bundle| bundle.certificates()).transpose()?;
        settings.ignores_endpoints =
            settings.is_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")?;
        // The SDK reads these two itself, and passes over what it does not understand.
        settings.is_set("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        settings.is_set("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
        Ok(settings)
    }

    /// The profile's name.
    pub(super) fn profile(&self) -> &str {
        &self.profile
    }

    /// Whether the bucket's name is in the path: what the flag or the profile says, or else if the store is another than
    /// AWS's, where the AWS CLI asks so too, and the SDK would ask for a host that few stores have.
    pub(super) fn path_style(&self, options: &S3Options, has_endpoint: bool) -> Result<bool, Error> {
        let of_s3 = self.profiles.get("s3").unwrap_or_default();
        let pairs = of_s3.lines().filter_map(|line| line.split_once('='));
        let style = pairs.into_iter().find(|(key, _)| key.trim() == "addressing_style").map(|(_, style)| style.trim());
        match (options.path_style, style) {
            (true, _) | (_, Some("path")) => Ok(true),
            (_, None | Some("auto")) => Ok(has_endpoint),
            (_, Some("virtual")) => Ok(false),
            (_, Some(style)) => {
                let setting = Setting { by: self.by_profile("addressing_style"), value: style.to_owned() };
                Err(setting.wrong("path, virtual or auto"))
            }
        }
    }

    /// Refuses what the AWS CLI reads of a profile with credentials and the SDK passes over.
    fn check_profile(&self) -> Result<(), Error> {
        let (mut name, mut known) = (self.profile.as_str(), HashSet::new());
        while let Some(profile) = self.profiles.get_profile(name).filter(|_| known.insert(name.to_owned())) {
            if profile.get("role_arn").is_some() && profile.get("mfa_serial").is_some() {
                let command = format!("aws configure export-credentials --profile {name} --format env");
                return Err(Error::usage(format!(
                    "profile `{name}`: mfa_serial is not supported, outflow does not ask for codes"
                ))
                .hint(format!("take the credentials of the AWS CLI: `eval \"$({command})\"`")));
            }
            if profile.get("aws_security_token").is_some() && profile.get("aws_session_token").is_none() {
                return Err(Error::usage(format!("profile `{name}`: aws_security_token is not supported"))
                    .hint("name it aws_session_token"));
            }
            let Some(source) = profile.get("source_profile") else { break };
            name = source;
        }
        Ok(())
    }

    /// The credentials of a profile that a flag names. Keys of the environment are not asked, which would win over any
    /// profile; a container's and a machine's own come last, as a profile may have nothing but a region.
    pub(super) fn credentials(&self, config: &ProviderConfig) -> CredentialsProviderChain {
        let profile = ProfileFileCredentialsProvider::builder().configure(config).profile_name(&self.profile).build();
        CredentialsProviderChain::first_try("Profile", profile)
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(config).build())
            .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(config).build())
    }

    /// Whether a token of a web identity comes before the keys of a profile: the environment names one, and the profile,
    /// which a flag does not name, takes no role of its own. That is the order of the AWS CLI, behind keys of the environment.
    pub(super) fn takes_web_identity(&self) -> Result<bool, Error> {
        let token = first_variable(&["AWS_WEB_IDENTITY_TOKEN_FILE"])?.is_some();
        let role = first_variable(&["AWS_ROLE_ARN"])?.is_some();
        Ok(token && role && self.profiles.get("role_arn").is_none())
    }

    /// The credentials of a web identity, as a pod or a CI job has it.
    pub(super) fn web_identity(config: &ProviderConfig) -> WebIdentityTokenCredentialsProvider {
        WebIdentityTokenCredentialsProvider::builder().configure(config).build()
    }

    /// The endpoint of another store than AWS's: of the flag, the environment, the profile's services, the profile; for
    /// S3 before for all services.
    pub(super) fn endpoint(&self, options: &S3Options, config: &SdkConfig) -> Result<Option<String>, Error> {
        if let Some(url) = &options.endpoint_url {
            return checked_url("--endpoint-url", url).map(Some);
        }
        if self.ignores_endpoints {
            return Ok(None);
        }
        if let Some((by, url)) = first_variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])? {
            return checked_url(by, &url).map(Some);
        }
        let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let url = config.service_config().zip(key.ok()).and_then(|(config, key)| config.load_config(key));
        url.filter(|url| !url.is_empty()).map(|url| checked_url(&self.by_profile("endpoint_url"), &url)).transpose()
    }

    fn retry(&self, retries: Option<u32>) -> Result<RetryConfig, Error> {
        let mut retry = RetryConfig::standard();
        if let Some(attempts) = self.setting("AWS_MAX_ATTEMPTS", "max_attempts")? {
            let number = attempts.value.trim().parse().ok().filter(|number| *number > 0);
            retry = retry.with_max_attempts(number.ok_or_else(|| attempts.wrong("a whole number from 1 on"))?);
        }
        if let Some(mode) = self.setting("AWS_RETRY_MODE", "retry_mode")? {
            retry = retry.with_retry_mode(match mode.value.trim().to_ascii_lowercase().as_str() {
                // The oldest mode retries the same failures, in other intervals.
                "standard" | "legacy" => RetryMode::Standard,
                "adaptive" => RetryMode::Adaptive,
                _ => return Err(mode.wrong("standard, adaptive or legacy")),
            });
        }
        Ok(match retries {
            Some(retries) => retry.with_max_attempts(retries.saturating_add(1)),
            None => retry,
        })
    }

    fn is_set(&self, variable: &'static str, key: &str) -> Result<bool, Error> {
        match self.setting(variable, key)? {
            Some(Setting { value, .. }) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(Setting { value, .. }) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(setting) => Err(setting.wrong("true or false")),
            None => Ok(false),
        }
    }

    /// What the environment says, or else the profile.
    fn setting(&self, variable: &'static str, key: &str) -> Result<Option<Setting>, Error> {
        if let Some((by, value)) = first_variable(&[variable])? {
            return Ok(Some(Setting { by: by.to_owned(), value }));
        }
        let value = self.profiles.get(key).filter(|value| !value.is_empty());
        Ok(value.map(|value| Setting { by: self.by_profile(key), value: value.to_owned() }))
    }

    fn by_profile(&self, key: &str) -> String {
        format!("{key} of profile `{}`", self.profile)
    }
}

/// A value, and who says it.
struct Setting {
    by: String,
    value: String,
}

impl Setting {
    fn wrong(&self, expected: &str) -> Error {
        Error::usage(format!("{}: `{}` is invalid", self.by, self.value)).hint(format!("write {expected}"))
    }

    /// Takes it for the path of a bundle of certificates.
    fn certificates(&self) -> Result<TrustStore, Error> {
        let Self { by, value: path } = self;
        let pem = std::fs::read(Path::new(path)).map_err(|error| {
            let refused = Error::usage(format!("{by}: cannot read `{path}`: {}", io_cause(&error))).because(error);
            // As with the AWS CLI, which does not replace it here either.
            let hint = "name the file in full: only a shell replaces `~`, and only where it is not quoted";
            if path.starts_with('~') { refused.hint(hint) } else { refused }
        })?;
        let invalid = |what: String| Error::usage(format!("{by}: `{path}` is no bundle of certificates: {what}"));
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| invalid(format!("the PEM is damaged ({error})")))?;
        if certificates.is_empty() {
            return Err(invalid("it holds none in PEM".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for (place, certificate) in (1..).zip(certificates) {
            roots.add(certificate).map_err(|error| invalid(format!("certificate {place} is damaged ({error})")))?;
        }
        Ok(TrustStore::empty().with_pem_certificate(pem))
    }
}

/// The keys of the environment, with the token that goes with them.
pub(super) fn keys_of_environment() -> Result<Option<Credentials>, Error> {
    let [id, secret] = KEY_VARIABLES;
    let (Some((_, id)), Some((_, secret))) = (first_variable(&[id])?, first_variable(&[secret])?) else {
        return Ok(None);
    };
    let token = first_variable(&TOKEN_VARIABLES)?.map(|(_, token)| token);
    Ok(Some(Credentials::new(id, secret, token, None, "Environment")))
}

/// Refuses keys of the environment of which a half is missing: without them another account's might be taken; and keys
/// that no header can carry.
fn check_keys() -> Result<(), Error> {
    let [id, secret] = KEY_VARIABLES;
    match (first_variable(&[id])?, first_variable(&[secret])?) {
        (Some(_), None) | (None, Some(_)) => {
            let (set, missing) = if first_variable(&[id])?.is_some() { (id, secret) } else { (secret, id) };
            return Err(Error::usage(format!("{set} is set, and {missing} is missing or empty"))
                .hint("set both, or neither to use a profile"));
        }
        _ => {}
    }
    for name in KEY_VARIABLES.into_iter().chain(TOKEN_VARIABLES) {
        if first_variable(&[name])?.is_some_and(|(_, value)| value.chars().any(|c| c.is_control() || !c.is_ascii())) {
            return Err(Error::usage(format!("{name} has a line end or another character that no key has"))
                .hint("remove it, for example with `tr -d '\\r\\n'`"));
        }
    }
    Ok(())
}

/// Where a configuration file is.
fn file(variable: &'static str, below_home: &str) -> Result<Option<PathBuf>, Error> {
    let below = |path: &str| std::env::var_os("HOME").map(|home| Path::new(&home).join(path));
    Ok(match first_variable(&[variable])? {
        Some((_, path)) => path.strip_prefix("~/").and_then(below).or(Some(path.into())),
        None => below(below_home),
    })
}

/// The section of a profile whose name is quoted or has blanks. The AWS CLI reads it as a shell would, the SDK not at all.
fn quoted_section(profile: &str) -> Option<String> {
    let path = file(FILES[0].0, FILES[0].1).ok()??;
    let text = std::fs::read_to_string(path).ok()?;
    let sections = text.lines().filter_map(|line| line.trim_end().strip_prefix('[')?.split(']').next());
    let name = |section: &str| Some(section.trim().strip_prefix("profile")?.trim().replace(['"', '\'', '\\'], ""));
    sections.into_iter().find(|section| name(section).is_some_and(|name| name == profile)).map(str::to_owned)
}

/// Refuses a configuration file that is not UTF-8, which the SDK would take for absent, and one in which a profile
/// appears twice, of which it would join the id of one key with the secret of the other.
fn check_file(variable: &'static str, below_home: &str) -> Result<(), Error> {
    let path = file(variable, below_home)?;
    let Some(bytes) = path.as_ref().and_then(|path| std::fs::read(path).ok()) else { return Ok(()) };
    match (path, str::from_utf8(&bytes)) {
        (Some(path), Err(error)) => {
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count();
            Err(Error::usage(format!("{}, line {line}: is not valid UTF-8", path.display()))
                .hint("the AWS configuration files are text in UTF-8"))
        }
        (Some(path), Ok(text)) => match repeated_section(text) {
            Some(section) => Err(Error::usage(format!("{}: [{section}] appears twice", path.display()))
                .hint("leave one of them out, or join them")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The first section that is there before, by its profile: `[profile default]` is `[default]`.
fn repeated_section(text: &str) -> Option<&str> {
    let sections = text.lines().filter_map(|line| line.strip_prefix('[')?.split(']').next()).map(str::trim);
    let of = |section: &str| match section.split_once(char::is_whitespace) {
        Some(("profile", name)) => name.trim().to_owned(),
        // Of another kind, such as `sso-session`.
        Some(_) => format!("[{section}"),
        None => section.to_owned(),
    };
    let mut known = HashSet::new();
    sections.into_iter().find(|section| !known.insert(of(section)))
}

/// The first of these variables that is set and not empty.
fn first_variable(names: &[&'static str]) -> Result<Option<(&'static str, String)>, Error> {
    let Some((name, value)) = names
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| (*name, value)))
    else {
        return Ok(None);
    };
    value
        .into_string()
        .map(|value| Some((name, value)))
        .map_err(|_| Error::usage(format!("{name}: is not valid UTF-8")))
}

fn no_profile(by: &str, name: &str, profiles: &ProfileSet) -> Error {
    let mut names: Vec<_> = profiles.profiles().collect();
    names.sort_unstable();
    let error = Error::usage(format!("{by}: there is no profile `{name}`"));
    let error = match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    };
    let more = if names.len() > PROFILES_SHOWN_MAX { "…" } else { "" };
    names.truncate(PROFILES_SHOWN_MAX);
    error.hint(match names.is_empty() {
        true => "the AWS configuration files hold no profiles; `aws configure` makes one".to_owned(),
        false => format!("profiles: {}{more}", names.join(", ")),
    })
}

/// An endpoint, if it is the URL of a host.
fn checked_url(by: &str, url: &str) -> Result<String, Error> {
    let host = ["http://", "https://"].iter().find_map(|scheme| {
        let start = url.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
        Some(&url[start.len()..])
    });
    match host {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':', '?']) => Ok(url.to_owned()),
        _ => Err(Error::usage(format!("{by}: `{}` is no URL of a store", without_password(url)))
            .hint("write http://HOST:PORT or https://HOST")),
    }
}
