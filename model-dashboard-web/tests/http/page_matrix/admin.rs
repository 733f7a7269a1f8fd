//! Pages of administrators and auditors.

use super::{ADMIN, AUDIT, Row, but, get, post};

pub(super) const ROWS: &[Row] = &[
    get("/admin/audit", "/admin/audit", AUDIT),
    get("/admin/audit/export.csv", "/admin/audit/export.csv", AUDIT),
    get(
        "/admin/audit/export.jsonl",
        "/admin/audit/export.jsonl",
        AUDIT,
    ),
    get("/admin/audit/{number}", "/admin/audit/1", AUDIT),
    get("/admin/as-of", "/admin/as-of", AUDIT),
    get(
        "/admin/as-of/export.csv",
        "/admin/as-of/export.csv?at=2026-01-01",
        AUDIT,
    ),
    get(
        "/admin/as-of/export.csv",
        "/admin/as-of/export.csv?at=yesterday",
        but(AUDIT, 422),
    ),
    get("/admin/deleted", "/admin/deleted", ADMIN),
    get(
        "/admin/deleted/{type}/{name}/bring-back",
        "/admin/deleted/nnUNet/NotThere/bring-back",
        but(ADMIN, 404),
    ),
    post(
        "/admin/deleted/{type}/{name}/bring-back",
        "/admin/deleted/nnUNet/NotThere/bring-back",
        &[],
        but(ADMIN, 404),
    ),
    get("/admin/storage", "/admin/storage", ADMIN),
    post(
        "/admin/storage/check",
        "/admin/storage/check",
        &[],
        but(ADMIN, 303),
    ),
    get("/admin/storage/repair", "/admin/storage/repair", ADMIN),
    post(
        "/admin/storage/repair",
        "/admin/storage/repair",
        &[],
        but(ADMIN, 303),
    ),
    post(
        "/admin/storage/list-garbage",
        "/admin/storage/list-garbage",
        &[],
        but(ADMIN, 303),
    ),
    get(
        "/admin/storage/delete-garbage",
        "/admin/storage/delete-garbage",
        ADMIN,
    ),
    post(
        "/admin/storage/delete-garbage",
        "/admin/storage/delete-garbage",
        &[],
        but(ADMIN, 303),
    ),
    post(
        "/admin/storage/stop",
        "/admin/storage/stop",
        &[],
        but(ADMIN, 303),
    ),
    get(
        "/admin/directories/{source}",
        "/admin/directories/nowhere",
        but(ADMIN, 404),
    ),
    post(
        "/admin/directories/{source}/test",
        "/admin/directories/nowhere/test",
        &[],
        but(ADMIN, 404),
    ),
    post(
        "/admin/directories/{source}/recheck",
        "/admin/directories/nowhere/recheck",
        &[],
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/recheck",
        "/admin/users/local:999999/recheck",
        &[],
        but(ADMIN, 404),
    ),
    get("/admin/system", "/admin/system", ADMIN),
    get("/admin/users", "/admin/users", ADMIN),
    post(
        "/admin/users",
        "/admin/users",
        &[("username", "matrix"), ("role", "no role")],
        but(ADMIN, 422),
    ),
    get("/admin/users/new", "/admin/users/new", ADMIN),
    get(
        "/admin/users/{id}",
        "/admin/users/local:999999",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}",
        "/admin/users/local:999999",
        &[("role", "no role")],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/enable",
        "/admin/users/local:999999/enable",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/enable",
        "/admin/users/local:999999/enable",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/disable",
        "/admin/users/local:999999/disable",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/disable",
        "/admin/users/local:999999/disable",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/reset-password",
        "/admin/users/local:999999/reset-password",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/reset-password",
        "/admin/users/local:999999/reset-password",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/delete",
        "/admin/users/local:999999/delete",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/delete",
        "/admin/users/local:999999/delete",
        &[],
        but(ADMIN, 404),
    ),
];
