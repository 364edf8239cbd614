//! Sign-in by an OpenID provider: the authorisation code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636).
//! What is here speaks to the provider; whose session it becomes is for the sign-in to say.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::{Clock, Random};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, http,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How long a provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;
/// How long a provider's description is believed before it is asked again: its signing keys change now and then.
const FRESH: Duration = Duration::from_secs(600);

/// An OpenID provider, as it is set up.
#[derive(Clone)]
pub struct OidcSettings {
    /// Where the provider describes itself, without `/.well-known/…`.
    pub issuer: String,
    /// Who Claviger is to it.
    pub client_id: String,
    /// How Claviger proves that; none for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// The slug of the organisation whose people it vouches for; may be left out where there is only one.
    pub organisation: Option<String>,
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why a sign-in by the provider did not come about.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The settings cannot be used.
    #[error("the settings of the OpenID provider cannot be used: {0}")]
    Settings(String),
    /// The provider cannot be reached, or answers nonsense.
    #[error("the OpenID provider cannot be asked at the moment")]
    Provider(String),
    /// The provider's word does not hold: another's token, an old one, a wrong signature.
    #[error("the OpenID provider's answer was refused")]
    Refused(String),
}

/// What is remembered between the way there and the way back; only the browser that went may come back with it.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    /// Comes back with the browser (RFC 6749 section 10.12).
    pub state: String,
    nonce: String,
    verifier: String,
}

/// Whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Issuer and subject: the only thing that stays the same for life.
    pub subject: String,
    /// The address, if the provider says that it has verified it.
    pub verified_email: Option<String>,
    /// What the provider calls them.
    pub name: Option<String>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider.
pub struct Provider {
    settings: OidcSettings,
    http: Http,
    clock: Arc<dyn Clock>,
    /// When it was read, on the clock that never jumps.
    described: Mutex<Option<(Duration, CoreProviderMetadata)>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl Provider {
    /// A provider of these settings; it is asked nothing yet.
    ///
    /// # Errors
    /// [`OidcError::Settings`].
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Result<Self, OidcError> {
        let fault = |error: String| OidcError::Settings(error);
        IssuerUrl::new(settings.issuer.clone()).map_err(|error| fault(error.to_string()))?;
        let http = reqwest::Client::builder()
            // A provider that redirects would choose where our requests go.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self {
            settings,
            http: Http(http),
            clock,
            described: Mutex::default(),
        })
    }

    /// The address to send the browser to, and what must be remembered until it comes back to `redirect`.
    ///
    /// # Errors
    /// When the provider cannot be asked for its description.
    pub async fn begin(&self, redirect: &str, random: &dyn Random) -> Result<(String, Attempt), OidcError> {
        let secret = || {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            random.fill(bytes.as_mut_slice());
            URL_SAFE_NO_PAD.encode(bytes.as_slice())
        };
        let attempt = Attempt {
            state: secret(),
            nonce: secret(),
            verifier: secret(),
        };
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(attempt.verifier.clone()));
        let state = CsrfToken::new(attempt.state.clone());
        let nonce = Nonce::new(attempt.nonce.clone());
        let (url, _, _) = self
            .client(redirect)
            .await?
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || state,
                move || nonce,
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok((url.into(), attempt))
    }

    /// Trades the code that came back for the provider's word on who it is: signature, issuer, audience, nonce, times and the
    /// hash of the access token are checked.
    ///
    /// # Errors
    /// When the provider cannot be asked, or its word does not hold.
    pub async fn finish(&self, redirect: &str, code: &str, attempt: &Attempt) -> Result<Identity, OidcError> {
        let refused = |error: &dyn fmt::Display| OidcError::Refused(error.to_string());
        let client = self.client(redirect).await?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| OidcError::Provider(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(|error| refused(&error))?;
        let token = answer
            .id_token()
            .ok_or_else(|| refused(&"no id_token in the answer"))?;
        let verifier = client.id_token_verifier();
        let claims = token
            .claims(&verifier, &Nonce::new(attempt.nonce.clone()))
            .map_err(|error| refused(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|error| refused(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| refused(&error))?;
            let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key)
                .map_err(|error| refused(&error))?;
            if actual != *expected {
                return Err(refused(&"the access token is another's"));
            }
        }
        let verified = claims.email_verified() == Some(true);
        let name = claims.name().and_then(|names| names.get(None));
        Ok(Identity {
            subject: format!("{} {}", claims.issuer().as_str(), claims.subject().as_str()),
            verified_email: claims
                .email()
                .filter(|_| verified)
                .map(|email| email.as_str().to_owned()),
            name: name.map(|name| name.as_str().to_owned()),
        })
    }

    /// The slug of the organisation whose people it vouches for.
    pub fn organisation(&self) -> Option<&str> {
        self.settings.organisation.as_deref()
    }

    async fn client(&self, redirect: &str) -> Result<Client, OidcError> {
        let settings = &self.settings;
        let redirect =
            RedirectUrl::new(redirect.to_owned()).map_err(|error| OidcError::Settings(error.to_string()))?;
        let secret = settings.client_secret.as_ref();
        Ok(CoreClient::from_provider_metadata(
            self.description().await?,
            ClientId::new(settings.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.as_str().to_owned())),
        )
        .set_redirect_uri(redirect))
    }

    async fn description(&self) -> Result<CoreProviderMetadata, OidcError> {
        let now = self.clock.boottime();
        if let Some((read, described)) = &*self.described.lock()
            && now.saturating_sub(*read) < FRESH
        {
            return Ok(described.clone());
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|error| OidcError::Settings(error.to_string()))?;
        let described = CoreProviderMetadata::discover_async(issuer, &self.http)
            .await
            .map_err(|error| OidcError::Provider(error.to_string()))?;
        *self.described.lock() = Some((now, described.clone()));
        Ok(described)
    }
}

/// Our client, as the library wants one.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = AskError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AskError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut response = self.0.execute(request.try_into()?).await?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    return Err(AskError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = http::Response::builder().status(response.status());
            if let Some(headers) = answer.headers_mut() {
                *headers = std::mem::take(response.headers_mut());
            }
            Ok(answer.body(body)?)
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Form(#[from] http::Error),
    #[error("the provider's answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
}
