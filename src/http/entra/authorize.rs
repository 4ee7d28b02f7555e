//! Sign-in by browser or device code, without user interaction.

use axum::http::header;
use serde_json::json;

use super::request::{EntraRequest, EntraResult, Reply};
use crate::entra::Refusal;
use crate::entra::grant::DEVICE_CODE_LIFETIME;
use crate::entra::redirect::RedirectUri;

/// The maximum number of digits in the code of an error.
const CODE_MAX: usize = 10;

/// Serves `/{tenant}/oauth2/v2.0/authorize`: redirects the browser to the client with an authorization code.
///
/// If the request accepts only JSON, the response is a JSON document with the method, URL and fields of the redirect.
/// `specularite sign-in` uses this document, because it does not parse HTML.
pub(super) fn authorize(request: &EntraRequest<'_>) -> EntraResult {
    let form = &request.form;
    let redirect = RedirectUri::parse(form.need("redirect_uri")?)?;
    let asked = form.need("response_type")?;
    if !asked.split(' ').any(|kind| kind == "code") {
        return Err(Refusal::unknown_response_type(asked).into());
    }
    let code = request.with_issuer(&request.site(), |issuer| issuer.authorize(form, request.next_code_number()))??;
    let mut fields = vec![("code", code)];
    fields.extend(form.get("state").map(|state| ("state", state.to_owned())));
    fields.push(("session_state", request.stamp().request_id.to_string()));
    let accepts =
        request.parts().headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let posts = form.get("response_mode") == Some("form_post");
    if posts && !redirect.is_web() {
        return Err(Refusal::bad_reply_address().into());
    }
    if accepts == "application/json" {
        let fields: serde_json::Map<_, _> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        return Ok(Reply::Json(
            json!({"method": if posts { "POST" } else { "GET" }, "action": redirect.as_str(), "fields": fields}),
        ));
    }
    if posts {
        return Ok(Reply::Page(form_page(redirect.as_str(), &fields)));
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Ok(Reply::Redirect(match form.get("response_mode") {
        Some("fragment") => redirect.with_fragment(&query),
        _ => redirect.with_query(&query),
    }))
}

/// Returns an HTML page with a form that the browser submits at once.
fn form_page(action: &str, fields: &[(&str, String)]) -> String {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    format!(
        "<!DOCTYPE html><html><head><title>Working...</title></head><body onload=\"document.forms[0].submit()\">\
         <form method=\"POST\" name=\"hiddenform\" action=\"{}\">{inputs}\
         <noscript><p>Script is disabled. Click Submit to continue.</p><input type=\"submit\" value=\"Submit\"></noscript>\
         </form></body></html>",
        escaped(action)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Serves `/{tenant}/oauth2/v2.0/devicecode`: issues a device code, which is approved already.
pub(super) fn device_code(request: &EntraRequest<'_>) -> EntraResult {
    let site = request.site();
    let code = request.with_issuer(&site, |issuer| issuer.device_code(&request.form, request.next_code_number()))??;
    let address = format!("{}/devicelogin", site.origin);
    let user_code = request.stamp().request_id.to_string()[..8].to_ascii_uppercase();
    Ok(Reply::Json(json!({
        "user_code": user_code,
        "device_code": code,
        "verification_uri": address,
        "verification_url": address,
        "expires_in": DEVICE_CODE_LIFETIME,
        "interval": 1,
        "message": format!(
            "To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate. \
             (Specularite: the code is approved already.)"
        ),
    })))
}

/// Serves `/devicelogin`: the page on which a user of Entra enters the code of a device.
pub(super) fn device_login(_: &EntraRequest<'_>) -> EntraResult {
    Ok(say("Every device is approved already."))
}

/// Serves `/{tenant}/oauth2/v2.0/logout`. The emulator stores no session, so nothing changes.
pub(super) fn logout(_: &EntraRequest<'_>) -> EntraResult {
    Ok(say("You are signed out. No session was stored."))
}

/// Serves `/error`: the page to which the `error_uri` of an Entra error links.
pub(super) fn explain(request: &EntraRequest<'_>) -> EntraResult {
    let code: String =
        request.form.get("code").unwrap_or_default().chars().filter(char::is_ascii_digit).take(CODE_MAX).collect();
    Ok(say(&format!("AADSTS{code} is an error code of Entra; docs/fidelity.md lists the codes of Specularite.")))
}

fn say(sentence: &str) -> Reply {
    Reply::Page(format!("<!DOCTYPE html><html><body><p>{sentence}</p></body></html>"))
}
