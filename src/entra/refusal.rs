//! The errors of Entra. Each has an OAuth error and a number (`AADSTS…`).

/// The error that Entra returns for a rejected request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The OAuth error, such as `invalid_client`.
    pub error: &'static str,
    /// The number after `AADSTS`.
    pub code: u32,
    /// The human-readable description.
    pub text: String,
}

impl Refusal {
    /// Creates an error from its OAuth error, its number and its description.
    pub fn new(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { error, code, text: text.into() }
    }

    /// Returns the error for a missing parameter.
    pub fn missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, text)
    }

    /// Returns the error for a client secret that differs from the declared secret.
    pub fn wrong_secret(client: &str) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the \
             client secret ID, for a secret added to app '{client}'."
        );
        Self::new("invalid_client", 7_000_215, text)
    }

    /// Returns the error for a client without a secret or an assertion.
    pub fn no_credential() -> Self {
        let text =
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        Self::new("invalid_client", 7_000_216, text)
    }

    /// Returns the error for a password that differs from the declared password.
    pub fn wrong_password() -> Self {
        Self::new("invalid_grant", 50_126, "Error validating credentials due to invalid username or password.")
    }

    /// Returns the error for a code, refresh token or assertion that is invalid or has expired.
    pub fn bad_grant(what: &str) -> Self {
        Self::new("invalid_grant", 70_000, format!("The provided value for the {what} is not valid or has expired."))
    }

    /// Returns the error for a code that was redeemed before.
    pub fn redeemed_code() -> Self {
        let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
                    refresh token.";
        Self::new("invalid_grant", 54_005, text)
    }

    /// Returns the error for a device code that was redeemed before.
    pub fn redeemed_device_code() -> Self {
        Self::new("invalid_grant", 90_120, "The request was already authorized or declined.")
    }

    /// Returns the error for a refresh token that was issued to another client.
    pub fn other_client() -> Self {
        Self::new("invalid_grant", 700_007, "The grant was issued for a different client id.")
    }

    /// Returns the error for a parameter that is longer than `longest` bytes.
    pub fn too_long(name: &str, longest: usize) -> Self {
        let text = format!("The value of the parameter '{name}' is too long: at most {longest} bytes are accepted.");
        Self::new("invalid_request", 90_013, text)
    }

    /// Returns the error for a redirect URI that is not an absolute URI, or that has a fragment.
    pub fn invalid_redirect_uri() -> Self {
        Self::new("invalid_request", 90_102, "'redirect_uri' value must be a valid absolute URI.")
    }

    /// Returns the error for client credentials whose scope does not end with `/.default`.
    pub fn bad_scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {scope} does not exist; \
             client credentials need one that ends with /.default."
        );
        Self::new("invalid_scope", 70_011, text)
    }

    /// Returns the error for an unsupported grant type.
    pub fn unknown_grant(grant: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        Self::new("unsupported_grant_type", 70_003, text)
    }

    /// Returns the error for instance discovery of an unknown host.
    pub fn unknown_instance() -> Self {
        Self::new("invalid_instance", 50_049, "Unknown or invalid instance.")
    }

    /// Returns the error for a code that is redeemed with a redirect URI other than that of the authorization request.
    pub fn other_reply_address() -> Self {
        Self::new("invalid_grant", 500_112, "The reply address does not match the one that the code was sent to.")
    }

    /// Returns the error for a code verifier that does not match the code challenge.
    pub fn wrong_verifier() -> Self {
        let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        Self::new("invalid_grant", 501_481, text)
    }

    /// Returns the error for a response type other than `code`.
    pub fn unknown_response_type(asked: &str) -> Self {
        let text = format!("The response_type '{asked}' is not supported: only code is.");
        Self::new("unsupported_response_type", 700_051, text)
    }

    /// Returns the error for a form whose redirect URI is not an `http` or `https` URL.
    pub fn bad_reply_address() -> Self {
        Self::new("invalid_request", 50_011, "A form can be sent to http and https only.")
    }

    /// Returns the error for a GET request to an endpoint that accepts POST only.
    pub fn post_only() -> Self {
        let text = "Endpoint only accepts POST requests. Received a GET request.";
        Self::new("invalid_request", 900_561, text)
    }

    /// Returns the error for a malformed token request of a managed identity.
    pub fn bad_identity_request(text: &str) -> Self {
        Self::new("invalid_request", 90_002, text)
    }

    /// Returns the error for a request of a web page under a host name that is not ours.
    pub fn foreign_page() -> Self {
        let text = "Cross-origin requests are accepted only under a host name of the emulator.";
        Self::new("access_denied", 9_002_326, text)
    }

    /// Returns the error for a tenant that cannot be created.
    pub fn no_tenant(text: &str) -> Self {
        Self::new("invalid_request", 90_002, format!("Tenant not found: {text}."))
    }
}
