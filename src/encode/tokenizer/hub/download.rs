//! Gets single files of a model over HTTP.
//!
//! Redirects are followed here and not by the HTTP library, since the token must stay with the
//! endpoint's own host: files are often served from elsewhere.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, Response, Uri};

use super::id::{ModelId, is_commit};
use super::{HubEnv, HubError};

/// No file of a tokenizer is near this.
const MOST_BYTES: u64 = 512 << 20;
const MOST_REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(10);
/// A server that has not begun to answer by then is not going to.
const ANSWER: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 30 });
const WHOLE: Duration = Duration::from_mins(5);

/// What came of asking for a file.
pub(super) enum Fetched {
    File {
        bytes: Vec<u8>,
        /// Names the content.
        tag: Option<String>,
        commit: String,
    },
    /// The model is there and the file is not.
    Missing { commit: Option<String> },
}

/// Asks for files of one revision of a model.
pub(super) struct Download<'e> {
    env: &'e HubEnv,
    id: ModelId,
    agent: Agent,
}

impl<'e> Download<'e> {
    /// `commit` is the one to stay with, where it is known.
    pub(super) fn new(env: &'e HubEnv, id: &ModelId, commit: Option<String>) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!("gonogo/", env!("CARGO_PKG_VERSION")))
            .build();
        let mut id = id.clone();
        if let Some(commit) = commit {
            id.revision = commit;
        }
        Self {
            env,
            id,
            agent: config.new_agent(),
        }
    }

    /// The same for one commit.
    pub(super) fn at(&self, commit: &str) -> Self {
        Self {
            env: self.env,
            id: ModelId {
                name: self.id.name.clone(),
                revision: commit.to_owned(),
            },
            agent: self.agent.clone(),
        }
    }

    /// Whoever set a token means to be known by it, and is not asked for as nobody.
    pub(super) fn has_usable_token(&self) -> Result<(), HubError> {
        match &self.env.odd_token {
            Some(place) => Err(HubError::OddToken(place.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn id(&self) -> &ModelId {
        &self.id
    }

    pub(super) fn get(&self, file: &str) -> Result<Fetched, HubError> {
        let endpoint = &self.env.endpoint;
        let revision = self.id.revision_segment();
        let mut address = format!("{endpoint}/{}/resolve/{revision}/{file}", self.id.name);
        // The hub names commit and content; whoever it sends us on to need not know them.
        let (mut commit, mut tag) = (None, None);
        for _ in 0..=MOST_REDIRECTS {
            let response = self.ask(&address)?;
            let headers = response.headers();
            commit = commit.or_else(|| header(headers, "x-repo-commit").filter(|commit| is_commit(commit)));
            tag = tag.or_else(|| header(headers, "x-linked-etag").or_else(|| header(headers, "etag")));
            let status = response.status().as_u16();
            match status {
                200 => {
                    let known = is_commit(&self.id.revision).then(|| self.id.revision.clone());
                    let commit = commit
                        .or(known)
                        .ok_or_else(|| self.failed("the answer names no commit"))?;
                    let tag = tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned());
                    return Ok(Fetched::File {
                        bytes: self.body(response)?,
                        tag,
                        commit,
                    });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let place = header(headers, "location").ok_or_else(|| self.failed("a redirect to nowhere"))?;
                    address = onward(&address, &place).ok_or_else(|| self.failed("a redirect to nowhere"))?;
                }
                404 if header(headers, "x-error-code").as_deref() == Some("EntryNotFound") => {
                    return Ok(Fetched::Missing { commit });
                }
                404 => {
                    return Err(HubError::NotFound {
                        id: self.id.clone(),
                        endpoint: endpoint.clone(),
                    });
                }
                401 | 403 => {
                    return Err(HubError::Unauthorized {
                        id: self.id.clone(),
                        status,
                        token: self.env.token.is_some(),
                    });
                }
                _ => return Err(self.failed(&format!("{endpoint} answered HTTP {status}"))),
            }
        }
        Err(self.failed("too many redirects"))
    }

    /// The files right in a folder, by their paths; none where there is no such folder. As the hub's own library asks
    /// for them (`HfApi.list_repo_tree`).
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, HubError> {
        #[derive(serde::Deserialize)]
        struct Listed {
            #[serde(rename = "type")]
            kind: String,
            path: String,
        }
        let (endpoint, name) = (&self.env.endpoint, &self.id.name);
        let revision = self.id.revision_segment();
        let response = self.ask(&format!("{endpoint}/api/models/{name}/tree/{revision}/{folder}"))?;
        match response.status().as_u16() {
            200 => {
                let listed: Vec<Listed> = serde_json::from_slice(&self.body(response)?)
                    .map_err(|error| self.failed(&format!("the list of {folder}: {error}")))?;
                let files = listed.into_iter().filter(|listed| listed.kind == "file");
                Ok(files.map(|listed| listed.path).collect())
            }
            404 => Ok(Vec::new()),
            status => Err(self.failed(&format!("{endpoint} answered HTTP {status}"))),
        }
    }

    fn ask(&self, address: &str) -> Result<Response<ureq::Body>, HubError> {
        let mut request = self.agent.get(address);
        if let Some(token) = &self.env.token
            && same_host(address, &self.env.endpoint)
        {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|error| {
            let uri = address.parse::<Uri>().ok();
            let host = uri.as_ref().and_then(Uri::host).unwrap_or(address);
            self.failed(&format!("cannot reach {host}: {error}"))
        })
    }

    fn body(&self, mut response: Response<ureq::Body>) -> Result<Vec<u8>, HubError> {
        let mut bytes = Vec::new();
        let mut reader = response.body_mut().as_reader().take(MOST_BYTES + 1);
        reader
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(&error.to_string()))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(self.failed(&format!("a file above {MOST_BYTES} bytes")));
        }
        Ok(bytes)
    }

    fn failed(&self, message: &str) -> HubError {
        HubError::Network {
            id: self.id.clone(),
            message: message.to_owned(),
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Whether two addresses share scheme, host and port.
fn same_host(one: &str, other: &str) -> bool {
    let parts = |address: &str| {
        let uri: Uri = address.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let authority = uri.authority()?;
        let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some((scheme, authority.host().to_ascii_lowercase(), port))
    };
    parts(one).is_some() && parts(one) == parts(other)
}

/// Where a redirect leads: to another address, or to another path of the same host. Never from an
/// encrypted address to a plain one.
fn onward(from: &str, to: &str) -> Option<String> {
    let uri: Uri = from.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    if to.starts_with("https://") || (to.starts_with("http://") && scheme == "http") {
        return Some(to.to_owned());
    }
    if to.starts_with("//") {
        return Some(format!("{scheme}:{to}"));
    }
    to.starts_with('/').then(|| format!("{scheme}://{authority}{to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_scheme_name_and_port() {
        assert!(same_host("https://hub.test/a", "https://HUB.test:443"));
        assert!(!same_host("https://hub.test.evil/a", "https://hub.test"));
        assert!(!same_host("http://hub.test/a", "https://hub.test"));
        assert!(!same_host("https://hub.test@evil/a", "https://hub.test"));
        assert!(!same_host("nonsense", "nonsense"));
    }

    #[test]
    fn redirects_lead_on_but_not_down() {
        let from = "https://hub.test:8/a/b";
        assert_eq!(onward(from, "/c?d").as_deref(), Some("https://hub.test:8/c?d"));
        assert_eq!(
            onward(from, "https://cdn.test/x").as_deref(),
            Some("https://cdn.test/x")
        );
        assert_eq!(onward(from, "//cdn.test/x").as_deref(), Some("https://cdn.test/x"));
        assert_eq!(onward(from, "http://cdn.test/x"), None);
        assert_eq!(onward(from, "c"), None);
    }
}
