//! Bounds on answers that the SDK holds whole before it reads them: pages of listings and errors.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::SdkBody;
use http_body_util::{LengthLimitError, Limited};

/// The largest page of a listing: 1,000 keys of 1,024 bytes, of which XML may need six for one, and what is beside them.
pub(super) const PAGE_BYTES_MAX: usize = 16 << 20;
/// The largest answer that says what is wrong.
pub(super) const ERROR_BYTES_MAX: usize = 1 << 20;

/// Ends a body that is larger than an answer of its kind.
#[derive(Debug)]
pub(super) enum Bounded {
    /// Whatever it says.
    Pages,
    /// If it says that the request failed; else it is an object's.
    Errors,
}

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "Bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let most = match (self, response.status().is_success()) {
            (_, false) => ERROR_BYTES_MAX,
            (Self::Pages, true) => PAGE_BYTES_MAX,
            (Self::Errors, true) => return Ok(()),
        };
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, most));
        Ok(())
    }
}

/// What an answer with this status was too large for, if that is why it could not be read.
pub(super) fn too_large(status: u16, cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    cause.is::<LengthLimitError>().then(|| {
        let (kind, most) = match status {
            200..300 => ("page of a listing", PAGE_BYTES_MAX),
            _ => ("error", ERROR_BYTES_MAX),
        };
        format!("the answer (status {status}) is larger than any {kind} of S3: more than {} MiB", most >> 20)
    })
}
