#![allow(clippy::unwrap_used, clippy::panic)]

use tempfile::TempDir;

use super::SqliteStore;
use crate::store::AuditKey;

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    (
        SqliteStore::open(path, AuditKey::from_bytes([7; 32]))
            .await
            .unwrap(),
        folder,
    )
}

mod conformance {
    mod users {
        crate::user_store_conformance!(super::super::fresh().await);
    }

    mod tokens {
        crate::token_store_conformance!(super::super::fresh().await);
    }

    mod sessions {
        crate::session_store_conformance!(super::super::fresh().await);
    }

    mod audit {
        crate::audit_log_conformance!(super::super::fresh().await);
    }
}
