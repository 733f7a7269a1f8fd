//! Variables of the environment: which are ours, which are mistakes, which are the cluster's.

use std::ffi::OsString;

use super::error::{Origin, Problem};
use super::reader::{Reader, Text};
use super::spec::{Spec, nearest};
use super::table::SPECS;

/// A variable that starts like this is ours: when it is not known, it is a mistake. `DATA_DIR`,
/// `MAX_UPLOAD_SIZE` and `PUBLIC_URL` start too commonly for that.
pub(super) const PREFIXES: [&str; 15] = [
    "ADMIN_",
    "API_",
    "AUTH_",
    "CATALOG_",
    "DASHBOARD_",
    "DATABASE_",
    "LDAP_",
    "LIMITS_",
    "LOG_",
    "METRICS_",
    "MINIO_",
    "PACKAGE_",
    "SESSION_",
    "STORAGE_",
    "TRUSTED_",
];

/// Variables that other programs set and that start like ours: X11 session managers, Google's
/// storage emulator, and the MinIO server, whose environment file is often shared; and such as are
/// only written nearly like ours.
const OF_OTHERS: [&str; 8] = [
    "APP_HOST",
    "APP_PORT",
    "SESSION_MANAGER",
    "STORAGE_EMULATOR_HOST",
    "MINIO_ROOT_USER",
    "MINIO_ROOT_PASSWORD",
    "MINIO_ACCESS_KEY",
    "MINIO_SECRET_KEY",
];

/// What other programs have a variable for, and ours says with another one.
const SAID_ELSEWHERE: [(&str, &str); 6] = [
    (
        "LDAP_HOST",
        "the host stands in LDAP_SERVER, as in ldaps://ldap.example.org",
    ),
    (
        "LDAP_PORT",
        "the port stands in LDAP_SERVER, as in ldaps://ldap.example.org:636",
    ),
    ("LDAP_USE_SSL", TLS),
    ("LDAP_USE_TLS", TLS),
    ("LDAP_USE_STARTTLS", TLS),
    ("LDAP_START_TLS", TLS),
];

const TLS: &str = "LDAP_SERVER says how passwords are kept secret: ldaps://… begins with TLS, and a \
                   server of ldap://… is asked for StartTLS";

/// Notes every variable that is a setting, and every one that was meant to be.
pub(super) fn gather(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    reader: &mut Reader<'_>,
) {
    // The order of an environment is no one's choice; problems come in the same order every time.
    let mut variables: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let origin = Origin::Variable(name.clone());
        let known = SPECS.iter().find_map(|spec| {
            let to_text: Option<fn(String) -> Text> = if spec.variable == name {
                Some(Text::Given)
            } else if spec.twin_variable().as_deref() == Some(&*name) {
                Some(Text::InFile)
            } else {
                None
            };
            to_text.map(|to_text| (spec, to_text))
        });
        match (known, value.into_string()) {
            (Some(_), Ok(value)) if name.ends_with("_PORT") && is_service_address(&value) => {}
            (Some((spec, to_text)), Ok(value)) => reader.write(spec, to_text(value), origin),
            (Some((spec, _)), Err(_)) => {
                reader
                    .problems
                    .push(Problem::new(spec.name, &origin, "it is not UTF-8 text"));
            }
            (None, _) if is_mistake(&name) => {
                let twins: Vec<String> = SPECS.iter().filter_map(|it| it.twin_variable()).collect();
                let names = SPECS
                    .iter()
                    .map(|spec| spec.variable)
                    .chain(twins.iter().map(String::as_str));
                let nearest = nearest(&name, names).map_or("", |(_, name)| name);
                let elsewhere = SAID_ELSEWHERE.iter().find(|(other, _)| *other == name);
                let message = match elsewhere {
                    Some((_, how)) => format!("unknown variable; {how}"),
                    None => format!("unknown variable; the nearest known one is {nearest}"),
                };
                reader.problems.push(Problem::new(&name, &origin, message));
            }
            (None, Ok(value)) if !value.trim().is_empty() && !is_service_address(&value) => {
                if let Some(meant) = meant(&name) {
                    reader.warn(format!(
                        "the variable {name} is none of this program and without effect; \
                         {meant} may be meant"
                    ));
                    let message = format!("unknown variable; {meant} may be meant");
                    reader.slips.push(Problem::new(&name, &origin, message));
                }
            }
            (None, _) => {}
        }
    }
}

/// The variable that somebody may have meant who set `name`, which does not start like ours: one
/// that is written nearly so, or that of the setting with this name.
fn meant(name: &str) -> Option<&'static str> {
    if OF_OTHERS.contains(&name) || is_service_variable(name) {
        return None;
    }
    let name = name.to_uppercase();
    // `_FILE` is told from the setting's own variable by nobody who mistypes it.
    let name = name.strip_suffix("_FILE").unwrap_or(&name);
    let slips = |known: &str| strsim::osa_distance(name, known);
    // One slip in a short name makes another word.
    let allowed = match name.len() {
        0..7 => 0,
        7..12 => 1,
        _ => 2,
    };
    let distance = |spec: &Spec| {
        let setting = spec.name.replace('.', "_").to_uppercase();
        slips(spec.variable).min(slips(&setting))
    };
    // No other program's variables start like this.
    let in_section =
        |spec: &Spec| name.starts_with("MODEL_DB_") && spec.name.starts_with("model_db.");
    let candidates = SPECS.iter().map(|spec| (distance(spec), spec));
    candidates
        .filter(|(distance, spec)| *distance <= allowed || in_section(spec))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, spec)| spec.variable)
}

fn is_mistake(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !OF_OTHERS.contains(&name)
        && !is_service_variable(name)
}

/// Whether Kubernetes sets a variable of this name in every container beside a service:
/// `X_SERVICE_HOST`, `X_SERVICE_PORT`, `X_SERVICE_PORT_NAME`, `X_PORT_9000_TCP` and
/// `X_PORT_9000_TCP_ADDR`, `…_PORT`, `…_PROTO`. `X_PORT` is told by its value.
/// <https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables>
fn is_service_variable(name: &str) -> bool {
    if name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
    {
        return true;
    }
    name.match_indices("_PORT_").any(|(at, word)| {
        let mut parts = name[at + word.len()..].split('_');
        let number = parts.next().is_some_and(|part| part.parse::<u16>().is_ok());
        let protocol = parts
            .next()
            .is_some_and(|part| ["TCP", "UDP", "SCTP"].contains(&part));
        let rest = parts
            .next()
            .is_none_or(|part| ["ADDR", "PORT", "PROTO"].contains(&part));
        number && protocol && rest && parts.next().is_none()
    })
}

/// `tcp://10.0.0.1:9000`, what Kubernetes writes where a port number was meant.
fn is_service_address(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme))
}
