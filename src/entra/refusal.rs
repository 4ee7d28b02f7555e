//! Refusals of Entra: an OAuth error, and the number that goes with it (`AADSTS…`).

/// Why no token is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// OAuth's name of it: `invalid_client` …
    pub error: &'static str,
    /// Entra's number.
    pub code: u32,
    /// For people.
    pub text: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { error, code, text: text.into() }
    }

    /// A parameter is not there.
    pub fn missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, text)
    }

    /// The secret is not the one that was declared.
    pub fn wrong_secret(client: &str) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the \
             client secret ID, for a secret added to app '{client}'."
        );
        Self::new("invalid_client", 7_000_215, text)
    }

    /// Neither a secret nor an assertion came with a client.
    pub fn no_credential() -> Self {
        let text =
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        Self::new("invalid_client", 7_000_216, text)
    }

    /// The password is not the one that was declared.
    pub fn wrong_password() -> Self {
        Self::new("invalid_grant", 50_126, "Error validating credentials due to invalid username or password.")
    }

    /// A code, a refresh token or an assertion that is none of ours, or has ended.
    pub fn bad_grant(what: &str) -> Self {
        Self::new("invalid_grant", 70_000, format!("The provided value for the {what} is not valid or has expired."))
    }

    /// The scopes name no resource.
    pub fn bad_scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {scope} does not exist; \
             client credentials need one that ends with /.default."
        );
        Self::new("invalid_scope", 70_011, text)
    }

    /// No such grant.
    pub fn unknown_grant(grant: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        Self::new("unsupported_grant_type", 70_003, text)
    }

    /// Instance discovery for a host that is nobody's.
    pub fn unknown_instance() -> Self {
        Self::new("invalid_instance", 50_049, "Unknown or invalid instance.")
    }

    /// A code that was sent to another address than it comes back from.
    pub fn other_reply_address() -> Self {
        Self::new("invalid_grant", 500_112, "The reply address does not match the one that the code was sent to.")
    }

    /// A code without what its challenge was made of.
    pub fn wrong_verifier() -> Self {
        let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        Self::new("invalid_grant", 501_481, text)
    }

    /// A page that should answer with something else than a code.
    pub fn unknown_response_type(asked: &str) -> Self {
        let text = format!("The response_type '{asked}' is not supported: only code is.");
        Self::new("unsupported_response_type", 700_051, text)
    }

    /// A form that would be sent to what is no web address.
    pub fn bad_reply_address() -> Self {
        Self::new("invalid_request", 50_011, "A form can be sent to http and https only.")
    }

    /// GET where only POST will do.
    pub fn post_only() -> Self {
        let text = "Endpoint only accepts POST requests. Received a GET request.";
        Self::new("invalid_request", 900_561, text)
    }

    /// A managed identity is asked for in no way that it can be.
    pub fn bad_identity_request(text: &str) -> Self {
        Self::new("invalid_request", 90_002, text)
    }

    /// There is no room for another tenant.
    pub fn no_tenant(text: &str) -> Self {
        Self::new("invalid_request", 90_002, format!("Tenant not found: {text}."))
    }
}
