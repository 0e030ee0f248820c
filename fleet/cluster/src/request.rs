use crate::connections::LongLived;
use crate::error::from_answer;
use crate::network::{Answer, Transport};
use crate::{Cluster, ClusterError, Identity, Resource};
use http::header::{ACCEPT, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use mainstay_object::{ObjectKey, Value};
use std::time::Duration;

/// One request takes this long at most; watches have their own measure.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// Larger answers are refused: a page of 500 objects of etcd's limit would be a thousand times what is normal.
const ANSWER_LIMIT: usize = 256 << 20;

pub(crate) struct Call<'a> {
    pub method: Method,
    pub path: String,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    pub identity: &'a Identity,
}

impl Call<'_> {
    fn into_request(self) -> Result<Request<Vec<u8>>, ClusterError> {
        let mut builder =
            Request::builder().method(self.method).uri(self.path).header("Accept", "application/json");
        if let Some(kind) = self.content_type {
            builder = builder.header("Content-Type", kind);
        }
        match self.identity {
            Identity::Own => {}
            Identity::ServiceAccount(account) => {
                let user = format!("system:serviceaccount:{}:{}", account.namespace, account.name);
                builder = builder
                    .header("Impersonate-User", user)
                    .header("Impersonate-Group", "system:serviceaccounts")
                    .header("Impersonate-Group", format!("system:serviceaccounts:{}", account.namespace))
                    .header("Impersonate-Group", "system:authenticated");
            }
        }
        builder
            .body(self.body)
            .map_err(|e| ClusterError::Unreadable { message: format!("the request can't be built: {e}") })
    }
}

impl Cluster {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Answer>, ClusterError> {
        match &self.transport {
            Transport::Client(client) => {
                let sent = client.send(request.map(Body::from)).await.map_err(unreachable)?;
                Ok(sent.map(|body| body.map_err(std::io::Error::other).boxed_unsync()))
            }
            Transport::Network { network, server } => {
                let sent = network.send(server, request).await;
                sent.map_err(|message| ClusterError::Unreachable { message })
            }
        }
    }

    pub(crate) async fn open(&self, call: Call<'_>) -> Result<Response<Answer>, ClusterError> {
        if call.method != Method::GET && self.fence.as_ref().is_some_and(|fence| !fence.is_open()) {
            return Err(ClusterError::Fenced);
        }
        self.exchange(call.into_request()?).await
    }

    /// For a read whose answer goes on and on.
    pub(crate) async fn open_long(&self, call: Call<'_>) -> Result<Response<Answer>, ClusterError> {
        let mut request = call.into_request()?;
        request.extensions_mut().insert(LongLived);
        self.exchange(request).await
    }

    async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Answer>, ClusterError> {
        let response = self.send(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("Retry-After")
            .and_then(|v| v.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = read(response).await?;
        Err(from_answer(code, retry_after, &body))
    }

    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Value, ClusterError> {
        in_time(self.open(call)).await
    }

    /// Something that may be told in several ways, of which these are understood.
    pub(crate) async fn told(&self, path: &str, accept: &'static str) -> Result<Value, ClusterError> {
        let path = path.to_owned();
        let call = Call {
            method: Method::GET,
            path,
            content_type: None,
            body: Vec::new(),
            identity: &Identity::Own,
        };
        let mut request = call.into_request()?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
        in_time(self.exchange(request)).await
    }

    /// The object as it is, or `NotFound`.
    pub async fn get(
        &self,
        key: &ObjectKey,
        version: &str,
        identity: &Identity,
    ) -> Result<Value, ClusterError> {
        let resource = self.resource(key.group(), version, key.kind()).await?;
        let path = resource.path(key.namespace(), Some(key.name()), "");
        self.call(Call { method: Method::GET, path, content_type: None, body: Vec::new(), identity }).await
    }

    /// All objects of a resource, page by page. An empty namespace means all.
    pub async fn list(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        self.list_as(resource, namespace, query, &Identity::Own, usize::MAX).await
    }

    /// The same in somebody's name; more objects than `most` are an error.
    pub async fn list_as(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
        identity: &Identity,
        most: usize,
    ) -> Result<Vec<Value>, ClusterError> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let page = self.page_as(resource, namespace, query, &token, identity).await?;
            items.extend(page.items);
            if items.len() > most {
                let message = format!("there are more than {most} objects of kind {}", resource.kind);
                return Err(ClusterError::Unreadable { message });
            }
            match page.next {
                Some(next) => token = next,
                None => return Ok(items),
            }
        }
    }

    pub(crate) async fn page(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
        token: &str,
    ) -> Result<Page, ClusterError> {
        self.page_as(resource, namespace, query, token, &Identity::Own).await
    }

    async fn page_as(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &str,
        token: &str,
        identity: &Identity,
    ) -> Result<Page, ClusterError> {
        let mut all = "limit=500".to_owned();
        if !query.is_empty() {
            all = format!("{all}&{query}");
        }
        if !token.is_empty() {
            all = format!("{all}&continue={}", escape(token));
        }
        let path = resource.path(namespace, None, &all);
        let call = Call { method: Method::GET, path, content_type: None, body: Vec::new(), identity };
        let mut list = self.call(call).await?;
        let text =
            |pointer: &str| list.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, next) = (text("/metadata/resourceVersion"), text("/metadata/continue"));
        let items = match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        // Items of a list carry neither kind nor version of their own.
        let items = items
            .into_iter()
            .map(|mut item| {
                if let Some(map) = item.as_object_mut() {
                    map.insert("apiVersion".into(), Value::from(resource.api_version()));
                    map.insert("kind".into(), Value::from(resource.kind.clone()));
                }
                item
            })
            .collect();
        Ok(Page { items, version, next: (!next.is_empty()).then_some(next) })
    }

    /// Asks the API server to judge: a review is answered, never stored.
    pub async fn review(&self, review: &Value) -> Result<Value, ClusterError> {
        let call = Call {
            method: Method::POST,
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(),
            content_type: Some("application/json"),
            body: review.to_string().into_bytes(),
            identity: &Identity::Own,
        };
        self.call(call).await
    }

    /// Anything else under the API, for the few calls that are no objects.
    pub async fn raw(&self, path: &str) -> Result<Value, ClusterError> {
        let call = Call {
            method: Method::GET,
            path: path.to_owned(),
            content_type: None,
            body: Vec::new(),
            identity: &Identity::Own,
        };
        self.call(call).await
    }
}

pub(crate) struct Page {
    pub items: Vec<Value>,
    pub version: String,
    pub next: Option<String>,
}

async fn in_time(
    open: impl Future<Output = Result<Response<Answer>, ClusterError>>,
) -> Result<Value, ClusterError> {
    let answer = async {
        let body = read(open.await?).await?;
        serde_json::from_slice(&body).map_err(|e| ClusterError::Unreadable { message: e.to_string() })
    };
    mainstay_clock::timeout(TIMEOUT, Box::pin(answer)).await.map_err(|_| ClusterError::Timeout(TIMEOUT))?
}

async fn read(response: Response<Answer>) -> Result<Vec<u8>, ClusterError> {
    let body = Limited::new(response.into_body(), ANSWER_LIMIT);
    let bytes = body.collect().await.map_err(|e| ClusterError::Unreadable { message: e.to_string() })?;
    Ok(bytes.to_bytes().to_vec())
}

fn unreachable(error: kube::Error) -> ClusterError {
    // The outer message says only "client error (Connect)": the cause is what people need.
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = inner.source();
    }
    ClusterError::Unreachable { message }
}

/// Percent-encodes a query value.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
