use super::*;
use crate::shell::{Error, StorageError};
use std::io::{Seek, SeekFrom, Write};

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    let authority = plane.certificate_authority().to_owned();
    plane.create_cluster("blue").await.unwrap();
    create(&plane, "root", "one").await;
    create(&plane, "blue", "two").await;
    plane.shutdown().await;
    drop(plane);

    let plane = in_folder(folder.path()).await.unwrap();
    assert_eq!(plane.clusters(), ["blue", "root"]);
    assert_eq!(plane.certificate_authority(), authority);
    assert!(exists(&plane, "root", "one").await && !exists(&plane, "root", "two").await);
    assert!(exists(&plane, "blue", "two").await && !exists(&plane, "blue", "one").await);
}

#[tokio::test]
async fn a_dropped_cluster_is_gone_from_the_disk_and_its_name_starts_empty() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    for name in ["blue", "green"] {
        plane.create_cluster(name).await.unwrap();
        create(&plane, name, "one").await;
    }
    plane.drop_cluster("blue").await.unwrap();
    plane.create_cluster("blue").await.unwrap();
    plane.shutdown().await;
    drop(plane);

    let plane = in_folder(folder.path()).await.unwrap();
    assert!(!exists(&plane, "blue", "one").await);
    assert!(exists(&plane, "green", "one").await);
}

#[tokio::test]
async fn what_a_hundred_writers_write_at_once_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    let writers = (0..100).map(|i| {
        let plane = plane.clone();
        async move { create(&plane, "root", &format!("map-{i}")).await }
    });
    futures::future::join_all(writers).await;
    plane.shutdown().await;
    drop(plane);
    let plane = in_folder(folder.path()).await.unwrap();
    for i in 0..100 {
        assert!(exists(&plane, "root", &format!("map-{i}")).await);
    }
}

#[tokio::test]
async fn a_folder_serves_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    let second = in_folder(folder.path()).await.unwrap_err();
    assert!(matches!(second, Error::Storage(StorageError::InUse(_))), "{second}");
    plane.shutdown().await;
}

async fn closed_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plane = in_folder(folder.path()).await.unwrap();
    for i in 0..50 {
        create(&plane, "root", &format!("map-{i}")).await;
    }
    plane.shutdown().await;
    folder
}

async fn assert_damaged(folder: &Path) {
    let database = folder.join("objects.redb");
    let before = std::fs::read(&database).ok();
    let error = in_folder(folder).await.unwrap_err();
    assert!(matches!(error, Error::Storage(StorageError::Damaged { .. })), "{error}");
    assert!(error.to_string().contains("objects.redb"), "{error}");
    assert_eq!(before.is_some(), database.exists(), "the file is left where it is");
}

#[tokio::test]
async fn a_database_of_garbage_is_an_error_and_stays() {
    let folder = closed_folder().await;
    std::fs::write(folder.path().join("objects.redb"), b"this is no database").unwrap();
    assert_damaged(folder.path()).await;
    assert_eq!(std::fs::read(folder.path().join("objects.redb")).unwrap(), b"this is no database");
}

#[tokio::test]
async fn an_emptied_database_is_an_error() {
    let folder = closed_folder().await;
    std::fs::write(folder.path().join("objects.redb"), b"").unwrap();
    assert_damaged(folder.path()).await;
}

#[tokio::test]
async fn a_lost_database_is_an_error() {
    let folder = closed_folder().await;
    std::fs::remove_file(folder.path().join("objects.redb")).unwrap();
    assert_damaged(folder.path()).await;
}

#[tokio::test]
async fn overwritten_pages_are_an_error() {
    let folder = closed_folder().await;
    let path = folder.path().join("objects.redb");
    let length = std::fs::metadata(&path).unwrap().len();
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(length).unwrap() - 4096]).unwrap();
    drop(file);
    assert_damaged(folder.path()).await;
}

#[tokio::test]
async fn a_damaged_authority_is_an_error_that_does_not_quote_it() {
    let folder = closed_folder().await;
    std::fs::write(folder.path().join("authority.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n").unwrap();
    let error = in_folder(folder.path()).await.unwrap_err().to_string();
    assert!(error.contains("authority.pem") && !error.contains("c2VjcmV0"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_what_holds_keys() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("data");
    let plane = in_folder(&inside).await.unwrap();
    plane.shutdown().await;
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    assert_eq!(mode(&inside.join("authority.pem")), 0o600);
    assert_eq!(mode(&inside.join("objects.redb")), 0o600);
}
