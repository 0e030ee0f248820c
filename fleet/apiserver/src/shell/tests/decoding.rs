use super::*;
use crate::shell::decode::{percent, query, request};
use crate::shell::route::route;
use std::time::Duration;

#[test]
fn a_path_under_clusters_names_its_logical_cluster() {
    assert_eq!(route("/clusters/blue/api/v1/pods"), ("blue", "/api/v1/pods"));
    assert_eq!(route("/clusters/blue"), ("blue", "/"));
    assert_eq!(route("/api/v1"), ("root", "/api/v1"));
    assert_eq!(route("/clusters"), ("root", "/clusters"));
    assert_eq!(route("/clusters//api"), ("", "/api"));
}

#[test]
fn escapes_are_decoded_and_a_lone_percent_stands_for_itself() {
    assert_eq!(percent("a%2Fb%20c", false).as_deref(), Some("a/b c"));
    assert_eq!(percent("100%", false).as_deref(), Some("100%"));
    assert_eq!(percent("%zz+%4", false).as_deref(), Some("%zz+%4"));
    assert_eq!(percent("%ff", false), None);
    assert_eq!(percent("+é", true).as_deref(), Some(" é"));
}

#[test]
fn query_pairs_keep_their_order_and_may_repeat() {
    let pairs = query("labelSelector=a%3Db%2Cc&force&x=1&x=2&&y=").unwrap();
    let expected = [("labelSelector", "a=b,c"), ("force", ""), ("x", "1"), ("x", "2"), ("y", "")];
    assert_eq!(pairs, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert!(query("a=%ff").is_err());
}

fn parts(headers: &[(&str, &str)]) -> http::request::Parts {
    let mut builder = http::Request::builder().method("PATCH").uri("/x?dryRun=All");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn impersonation_headers_reach_the_core_together() {
    let parts = parts(&[
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-acme.com%2Fscope", "all"),
        ("Impersonate-Uid", "7"),
    ]);
    let read = request(&parts, Full::<bytes::Bytes>::from("{}"), "/x", User::admin(), &Limits::default())
        .await
        .unwrap();
    let impersonate = read.impersonate.unwrap();
    assert_eq!((impersonate.user.as_str(), impersonate.uid.as_str()), ("jane", "7"));
    assert_eq!(impersonate.groups, ["dev", "ops"]);
    assert_eq!(impersonate.extra["acme.com/scope"], ["all"]);
    assert_eq!(read.body, b"{}");
    assert_eq!(read.query, [("dryRun".to_owned(), "All".to_owned())]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_413() {
    let limits = Limits { body: 10, ..Limits::default() };
    let sent = |n: usize| Full::<bytes::Bytes>::from(vec![b'x'; n]);
    assert!(request(&parts(&[]), sent(10), "/x", User::admin(), &limits).await.is_ok());
    let refused = request(&parts(&[]), sent(11), "/x", User::admin(), &limits).await.unwrap_err();
    assert_eq!((refused.code, refused.reason), (413, "RequestEntityTooLarge"));
    assert_eq!(refused.message, "Request entity too large: limit is 10");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let limits = Limits { body_read: Duration::from_millis(10), ..Limits::default() };
    let never = http_body_util::StreamBody::new(futures::stream::pending::<
        Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>,
    >());
    let refused = request(&parts(&[]), never, "/x", User::admin(), &limits).await.unwrap_err();
    assert_eq!(refused.code, 408);
}
