//! Pages of models, and what makes them.

use super::{ADMIN, ENABLE, READ, Row, TAG, WRITE, but, get, post};

/// An upload that is not there.
const UPLOAD: &str = "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3";

/// A draft that is not there.
const DRAFT: &str = "/models/nnUNet/Task003_Liver/drafts/01J9Z3K4V5W6X7Y8Z9A0B1C2D3";

/// What no package has.
const NO_BYTES: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// For those who read packages, of a model that has none.
const NO_PACKAGE: [u16; 6] = [303, 404, 404, 404, 403, 404];

pub(super) const ROWS: &[Row] = &[
    get("/", "/", READ),
    post(
        "/models/bulk",
        "/models/bulk",
        &[("model", "nnUNet/Task003_Liver"), ("action", "delete")],
        but(WRITE, 200),
    ),
    get(
        "/models/{type}/{name}",
        "/models/nnUNet/Task003_Liver",
        READ,
    ),
    get(
        "/models/{type}/{name}/edit",
        "/models/nnUNet/Task003_Liver/edit",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/derive",
        "/models/nnUNet/Task003_Liver/derive",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/rename",
        "/models/nnUNet/Task003_Liver/rename",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/delete",
        "/models/nnUNet/Task003_Liver/delete",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/enable",
        "/models/nnUNet/Task003_Liver/enable",
        ENABLE,
    ),
    get(
        "/models/{type}/{name}/disable",
        "/models/nnUNet/Task003_Liver/disable",
        ENABLE,
    ),
    get(
        "/models/{type}/{name}/export",
        "/models/nnUNet/Task003_Liver/export",
        READ,
    ),
    post(
        "/models/{type}/{name}/edit",
        "/models/nnUNet/Task003_Liver/edit",
        &[
            ("if_match", "{tag}"),
            ("alias", "matrix"),
            ("action", "save"),
        ],
        but(WRITE, 409),
    ),
    post(
        "/models/{type}/{name}/derive",
        "/models/nnUNet/Task003_Liver/derive",
        &[("network_type", "MIST"), ("name", "a name")],
        but(WRITE, 422),
    ),
    post(
        "/models/{type}/{name}/rename",
        "/models/nnUNet/Task003_Liver/rename",
        &[
            ("if_match", "{tag}"),
            ("network_type", "MIST"),
            ("name", "Renamed"),
        ],
        but(WRITE, 412),
    ),
    post(
        "/models/{type}/{name}/delete",
        "/models/nnUNet/Task003_Liver/delete",
        TAG,
        but(WRITE, 412),
    ),
    post(
        "/models/{type}/{name}/enable",
        "/models/nnUNet/Task003_Liver/enable",
        TAG,
        but(ENABLE, 412),
    ),
    post(
        "/models/{type}/{name}/disable",
        "/models/nnUNet/Task003_Liver/disable",
        TAG,
        but(ENABLE, 412),
    ),
    get(
        "/models/{type}/{name}/history",
        "/models/nnUNet/Task003_Liver/history",
        READ,
    ),
    get(
        "/models/{type}/{name}/compare",
        "/models/nnUNet/Task003_Liver/compare?from=1&to=1",
        READ,
    ),
    get(
        "/models/{type}/{name}/revisions/{number}",
        "/models/nnUNet/Task003_Liver/revisions/1",
        READ,
    ),
    get(
        "/models/{type}/{name}/revisions/{number}/restore",
        "/models/nnUNet/Task003_Liver/revisions/1/restore",
        WRITE,
    ),
    post(
        "/models/{type}/{name}/revisions/{number}/restore",
        "/models/nnUNet/Task003_Liver/revisions/1/restore",
        TAG,
        but(WRITE, 412),
    ),
    get("/drafts", "/drafts", [303, 200, 200, 200, 403, 200]),
    get(
        "/models/{type}/{name}/package",
        "/models/nnUNet/Task003_Liver/package",
        NO_PACKAGE,
    ),
    get(
        "/models/{type}/{name}/package/download",
        "/models/nnUNet/Task003_Liver/package/download",
        NO_PACKAGE,
    ),
    get(
        "/models/{type}/{name}/package/view/{*path}",
        "/models/nnUNet/Task003_Liver/package/view/plans.json",
        NO_PACKAGE,
    ),
    get(
        "/models/{type}/{name}/package/files/{*path}",
        "/models/nnUNet/Task003_Liver/package/files/plans.json",
        NO_PACKAGE,
    ),
    get(
        "/models/{type}/{name}/package/purge",
        "/models/nnUNet/Task003_Liver/package/purge",
        but(ADMIN, 404),
    ),
    post(
        "/models/{type}/{name}/package/purge",
        "/models/nnUNet/Task003_Liver/package/purge",
        &[("digest", NO_BYTES), ("reason", "matrix")],
        but(ADMIN, 404),
    ),
    get("/models/{type}/{name}/drafts/{package}", DRAFT, NO_PACKAGE),
    post(
        "/models/{type}/{name}/drafts/{package}",
        DRAFT,
        TAG,
        but(WRITE, 404),
    ),
    get(
        "/models/{type}/{name}/drafts/{package}/discard",
        "/models/nnUNet/Task003_Liver/drafts/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard",
        but(WRITE, 404),
    ),
    post(
        "/models/{type}/{name}/drafts/{package}/discard",
        "/models/nnUNet/Task003_Liver/drafts/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard",
        &[],
        but(WRITE, 404),
    ),
    get("/create", "/create", WRITE),
    post(
        "/create",
        "/create",
        &[("network_type", "MIST"), ("name", "a name")],
        but(WRITE, 422),
    ),
    get("/derive", "/derive", WRITE),
    post(
        "/derive",
        "/derive",
        &[
            ("from", "nnUNet/Task003_Liver"),
            ("network_type", "MIST"),
            ("name", "a name"),
        ],
        but(WRITE, 422),
    ),
    get("/import", "/import", WRITE),
    post("/import", "/import", &[], but(WRITE, 400)),
    get("/upload", "/upload", WRITE),
    get("/upload/{id}", UPLOAD, but(WRITE, 404)),
    get(
        "/upload/{id}/discard",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard",
        but(WRITE, 404),
    ),
    post(
        "/upload/{id}/discard",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard",
        &[],
        but(WRITE, 303),
    ),
    get(
        "/upload/{id}/new",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/new",
        but(WRITE, 404),
    ),
    post(
        "/upload/{id}/new",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/new",
        &[("action", "save")],
        but(WRITE, 404),
    ),
    get(
        "/upload/{id}/revision",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/revision",
        but(WRITE, 404),
    ),
    post(
        "/upload/{id}/revision",
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/revision",
        &[("model", "nnUNet/Task003_Liver"), ("if_match", "{tag}")],
        but(WRITE, 404),
    ),
    get("/broken", "/broken", READ),
    get("/broken/{type}/{name}", "/broken/nnUNet/Broken", READ),
    post(
        "/broken/{type}/{name}",
        "/broken/nnUNet/Broken",
        &[("if_match", "{tag}"), ("text", "{}")],
        but(WRITE, 409),
    ),
];
