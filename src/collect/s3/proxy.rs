//! The proxy that the environment names, by the rules of the AWS CLI.
//!
//! The SDK reads the same variables by other rules: capitals win, `*` in `NO_PROXY` is no address, entries with a port
//! match nothing, and a proxy that is no URL is none at all, so that requests go past it.

use std::env;

use aws_smithy_http_client::proxy::ProxyConfig;

use crate::error::Error;

/// The proxies by scheme, and the hosts that are reached without.
pub(super) fn of_environment() -> Result<ProxyConfig, Error> {
    let (http, https, all) = (Variable::of("http")?, Variable::of("https")?, Variable::of("all")?);
    // A server sets this variable too, of a header that its client chooses.
    let http = http.filter(|http| !(http.name == "HTTP_PROXY" && env::var_os("REQUEST_METHOD").is_some()));
    let exceptions = Variable::of("no")?.map(|no| hosts(&no.value)).unwrap_or_default();
    if exceptions.split(',').any(|host| host == "*") {
        return Ok(ProxyConfig::disabled());
    }
    let [http, https] = [http.or_else(|| all.clone()), https.or(all)];
    let same = http.as_ref().map(|http| &http.value) == https.as_ref().map(|https| &https.value);
    let config = match (&http, &https) {
        (None, None) => return Ok(ProxyConfig::disabled()),
        (Some(proxy), Some(_)) if same => ProxyConfig::all(proxy.url()?),
        (Some(proxy), None) => ProxyConfig::http(proxy.url()?),
        (None, Some(proxy)) => ProxyConfig::https(proxy.url()?),
        (Some(http), Some(https)) => {
            http.url()?;
            https.url()?;
            // The SDK takes two proxies of the environment alone, and that is well as long as it reads the same there.
            let both = ["http", "https", "no"].into_iter().find(|kind| is_written_twice(kind));
            return match both {
                Some(kind) => Err(Error::usage(format!(
                    "{kind}_proxy and {}_PROXY differ, and HTTP and HTTPS have different proxies",
                    kind.to_uppercase()
                ))
                .hint("unset one of the two")),
                None => Ok(ProxyConfig::from_env()),
            };
        }
    };
    let wrong = |_| Error::usage("the proxy of the environment is no URL").hint("write http://HOST:PORT");
    config.map(|config| config.no_proxy(exceptions)).map_err(wrong)
}

/// Whether both spellings of a variable are set, to different values.
fn is_written_twice(kind: &str) -> bool {
    let [lower, upper] = [format!("{kind}_proxy"), format!("{kind}_proxy").to_uppercase()].map(env::var_os);
    lower.is_some() && upper.is_some() && lower != upper
}

/// A variable that is set to something.
#[derive(Clone)]
struct Variable {
    name: String,
    value: String,
}

impl Variable {
    /// Small letters win, also where they say that there is none.
    fn of(kind: &str) -> Result<Option<Self>, Error> {
        let lower = format!("{kind}_proxy");
        let name = if env::var_os(&lower).is_some() { lower } else { lower.to_uppercase() };
        let Some(value) = env::var_os(&name).filter(|value| !value.is_empty()) else { return Ok(None) };
        let value = value.into_string().map_err(|_| Error::usage(format!("{name}: is not valid UTF-8")))?;
        Ok(Some(Self { name, value: value.trim().to_owned() }))
    }

    /// The URL, without which it is one of HTTP. It may hold a password and is not shown.
    fn url(&self) -> Result<String, Error> {
        let url = if self.value.contains("://") {
            self.value.clone()
        } else {
            format!("http://{}", self.value.trim_start_matches('/'))
        };
        match ProxyConfig::all(url.clone()) {
            Ok(_) if ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) => Ok(url),
            _ => Err(Error::usage(format!("{}: is no URL of a proxy", self.name))
                .hint("write http://HOST:PORT or https://HOST:PORT; other kinds of proxies are not supported")),
        }
    }
}

/// The hosts of a list, without their ports, which are not looked at.
fn hosts(list: &str) -> String {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let host = |entry: &str| match entry.rsplit_once(':') {
        Some((host, port)) if is_port(port) && (!host.contains(':') || host.ends_with(']')) => {
            host.trim_matches(['[', ']']).to_owned()
        }
        _ => entry.trim_matches(['[', ']']).to_owned(),
    };
    list.split(',').map(|entry| host(entry.trim())).filter(|host| !host.is_empty()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_no_ports_and_no_brackets() {
        assert_eq!(hosts(" localhost:9000, .x.org ,[::1]:80,fe80::1,,*"), "localhost,.x.org,::1,fe80::1,*");
        assert_eq!(hosts(""), "");
    }
}
