//! The table of settings. A setting is added here, and nowhere else.
//!
//! A variable that starts like one of these must be one of these, so a new first word (as `API_`)
//! also goes into the list in `variables.rs`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::database::DatabaseUrl;
use super::ldap::{GroupNames, LdapServer};
use super::reader::Reader;
use super::s3::{BucketName, HostName, Namespace, ServerUrl};
use super::size::Size;
use super::spec::{Spec, settings};
use super::storage::StorageUrl;
use super::value::{Bounds, LogFormat, LogLevel, PackageTrust, Secret, Theme, Value};
use super::web::{BasePath, CookieName, IpNetwork, PublicUrl};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

settings! {
    /// Where everything is kept that has no place of its own.
    pub(super) struct General in "" {
        /// Folder for models and accounts that have no place of their own.
        data_dir: PathBuf = PathBuf::from("./data"), "DATA_DIR", flag "--data-dir";
    }

    /// The dashboard's web server.
    pub struct ServerConfig in "server." {
        /// Address that the dashboard listens on.
        host: IpAddr = LOCALHOST, "DASHBOARD_HOST", flag "--host";
        /// Port of the dashboard; 0 takes a free one.
        port: u16 = 8501, "DASHBOARD_PORT", flag "--port", streamlit "server.port";
        /// Path below which the dashboard lives, for a reverse proxy that keeps the path.
        base_path: BasePath = BasePath::default(), "DASHBOARD_BASE_PATH", streamlit "server.baseUrlPath";
        /// URL under which people reach the dashboard, for links and for checking where forms come from.
        public_url: Option<PublicUrl> = None, "PUBLIC_URL";
        /// Accept that people sign in over plain http from other machines. Passwords and sessions can then be read on the way.
        allow_http: bool = false, "DASHBOARD_ALLOW_HTTP";
        /// Largest package that may be uploaded, such as 500 MB or 10 GB (of 1,048,576 and 1,073,741,824 bytes).
        max_upload_size: Size = Size::gigabytes(10), "MAX_UPLOAD_SIZE", within (Size::megabytes(1), Size::gigabytes(64));
        /// The same in MB, as it was set before; without effect beside server.max_upload_size.
        max_upload_mb: Option<u32> = None, "DASHBOARD_MAX_UPLOAD_MB", streamlit "server.maxUploadSize", within (Some(1), Some(1_048_576));
        /// How long an upload that is not finished, or whose package no model got, is kept after its last byte came.
        upload_expiry: Duration = minutes(7 * 24 * 60), "DASHBOARD_UPLOAD_EXPIRY", within (minutes(3 * 60), minutes(90 * 24 * 60));
        /// The least trusted package that a model may have to be enabled: dangerous (any), unscannable, unknown or expected. An administrator may enable others, with a reason.
        package_trust: PackageTrust = PackageTrust::Unscannable, "PACKAGE_TRUST";
        /// Colours of the pages while a person has not chosen: system, light or dark.
        theme: Theme = Theme::System, "DASHBOARD_THEME", streamlit "theme.base";
        /// Name of the institution or site, shown beside the product's.
        site_name: Option<String> = None, "DASHBOARD_SITE_NAME";
    }

    /// The API's web server.
    pub struct ApiConfig in "api." {
        /// Address that the API listens on.
        host: IpAddr = LOCALHOST, "API_HOST", flag "--api-host";
        /// Port of the API; 0 takes a free one.
        port: u16 = 8000, "API_PORT", flag "--api-port";
        /// Address and port of their own for metrics, open to whoever reaches it. Without it: `/metrics` at the API's address, for this machine only.
        metrics_addr: Option<SocketAddr> = None, "METRICS_ADDR";
    }

    /// Where models are kept, as it is written.
    pub(super) struct StorageSettings in "model_db." {
        /// Where models are kept: a folder, file:///folder, s3://bucket or memory://. Without it, and without a bucket below: models in the data folder.
        url: Option<StorageUrl> = None, "STORAGE_URL";
        /// Accept a store that cannot refuse to overwrite: a folder without file locks, a bucket without conditional writes. Only safe while a single process writes.
        single_writer: bool = false, "STORAGE_SINGLE_WRITER";
        /// Server of the bucket. Without it: argo-artifacts.NAMESPACE.svc.cluster.local.
        host: Option<HostName> = None, "MINIO_HOST";
        /// Port of the bucket's server.
        port: u16 = 9000, "MINIO_PORT", within (1, u16::MAX);
        /// Reach the bucket's server by https.
        secure: bool = false, "MINIO_SECURE";
        /// Username (access key) at the bucket's server.
        username: Option<String> = None, "MINIO_USERNAME";
        /// Password (secret key) at the bucket's server.
        password: Option<Secret> = None, "MINIO_PASSWORD";
        /// Name of the bucket.
        bucket: BucketName = BucketName::argo_models(), "MINIO_BUCKET";
        /// Kubernetes namespace of the bucket's server.
        namespace: Namespace = Namespace::inference(), "MINIO_NAMESPACE";
        /// Have the bucket itself give packages: who fetches one by API is sent on to an address there that holds for five minutes, and the bytes do not pass through the server.
        redirect_downloads: bool = false, "STORAGE_REDIRECT_DOWNLOADS";
        /// URL of the bucket's server for who fetches packages so, where that is another one than the server itself uses, such as https://s3.example.com.
        public_url: Option<ServerUrl> = None, "STORAGE_PUBLIC_URL";
    }

    /// How a bucket is reached, as the tools of AWS and MinIO are told.
    pub(super) struct S3Settings in "s3." {
        /// Region of the bucket.
        region: Option<String> = None, "AWS_REGION";
        /// Region of the bucket, where no other is set.
        default_region: String = "us-east-1".to_owned(), "AWS_DEFAULT_REGION";
        /// URL of the bucket's server, for servers but Amazon's that MINIO_HOST does not name.
        endpoint_url: Option<ServerUrl> = None, "AWS_ENDPOINT_URL_S3";
        /// URL of the bucket's server, where no other is set.
        default_endpoint_url: Option<ServerUrl> = None, "AWS_ENDPOINT_URL";
        /// Access key, where MINIO_USERNAME is not set.
        access_key_id: Option<String> = None, "AWS_ACCESS_KEY_ID";
        /// Secret key that belongs to it.
        secret_access_key: Option<Secret> = None, "AWS_SECRET_ACCESS_KEY";
        /// Token that belongs to keys that are lent for a time.
        session_token: Option<Secret> = None, "AWS_SESSION_TOKEN";
        /// Role that the web identity may take.
        role_arn: Option<String> = None, "AWS_ROLE_ARN";
        /// Name of the session in that role.
        role_session_name: String = "model-dashboard".to_owned(), "AWS_ROLE_SESSION_NAME";
        /// File with the token of the web identity.
        web_identity_token_file: Option<PathBuf> = None, "AWS_WEB_IDENTITY_TOKEN_FILE";
        /// URL of the token service for web identities. Without it: Amazon's in the region.
        sts_endpoint_url: Option<ServerUrl> = None, "AWS_ENDPOINT_URL_STS";
        /// Path at which the container's agent (ECS) gives credentials.
        container_credentials_path: Option<String> = None, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
        /// URL at which the pod's agent (EKS) gives credentials.
        container_credentials_url: Option<ServerUrl> = None, "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        /// File with the token that the pod's agent asks for.
        container_token_file: Option<PathBuf> = None, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
        /// URL of the machine's metadata service. Without it: http://169.254.169.254.
        metadata_url: Option<ServerUrl> = None, "AWS_EC2_METADATA_SERVICE_ENDPOINT";
        /// File (PEM) with certificates of authorities that sign for the bucket's server, besides the system's, or with the server's own.
        ca_bundle: Option<PathBuf> = None, "AWS_CA_BUNDLE";
        /// Give versions without quotation marks in If-Match, which some versions of Ceph need.
        unquoted_if_match: bool = false, "STORAGE_UNQUOTED_IF_MATCH";
    }

    /// Where accounts are kept, as it is written.
    pub(super) struct DatabaseSettings in "database." {
        /// SQLite file of accounts, tokens, sessions and the audit log. Without it, and without a URL: model-dashboard.db in the data folder.
        path: Option<PathBuf> = None, "AUTH_DB_PATH";
        /// URL of the database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME.
        url: Option<DatabaseUrl> = None, "DATABASE_URL";
    }

    /// The directory that people sign in with.
    pub struct LdapConfig in "ldap." {
        /// Servers of the directory, tried in order: ldaps://host, or ldap://host, which is asked for StartTLS.
        server: Vec<LdapServer> = Vec::new(), "LDAP_SERVER";
        /// Where people are searched.
        base_dn: Option<String> = None, "LDAP_BASE_DN";
        /// Name that a person binds with, around {username}: a distinguished name, {username}@DOMAIN or DOMAIN\{username}. People type the username alone or in this form, and no other. Not used where an account looks people up.
        user_dn_template: Option<String> = None, "LDAP_USER_DN_TEMPLATE";
        /// Filter that finds a person, around {username}. Without it: by uid or sAMAccountName, in Active Directory, where an account looks people up, also as DOMAIN\{username} and {username}@DOMAIN.
        search_filter: Option<String> = None, "LDAP_SEARCH_FILTER";
        /// Group that a person must be in: its distinguished name, or the name people call it by.
        required_group: Option<String> = None, "LDAP_REQUIRED_GROUP";
        /// Attribute of a person that holds the groups.
        group_attribute: String = "memberOf".to_owned(), "LDAP_GROUP_ATTRIBUTE";
        /// Name of the account that looks people up. With it, who leaves the directory loses tokens and sessions within LDAP_RECHECK_INTERVAL.
        bind_dn: Option<String> = None, "LDAP_BIND_DN";
        /// Password of the account that looks people up.
        bind_password: Option<Secret> = None, "LDAP_BIND_PASSWORD";
        /// File (PEM) of authorities to trust besides the system's.
        ca_file: Option<PathBuf> = None, "LDAP_CA_FILE";
        /// Send passwords unencrypted to a server that offers no encryption: they can be read on the way. Without it: to this very machine only, if no LDAP_CA_FILE is named; false: never.
        allow_plaintext: Option<bool> = None, "LDAP_ALLOW_PLAINTEXT";
        /// What people read where they choose how to sign in.
        label: String = "Network account".to_owned(), "LDAP_LABEL";
        /// Attribute by which a person is known for good. Without it: entryUUID, objectGUID or nsUniqueId.
        id_attribute: Option<String> = None, "LDAP_ID_ATTRIBUTE";
        /// Attribute that holds the username. Without it: uid or sAMAccountName; of who has none, what the filter finds them by.
        username_attribute: Option<String> = None, "LDAP_USERNAME_ATTRIBUTE";
        /// Attribute that holds the name people read. Without it: displayName or cn.
        name_attribute: Option<String> = None, "LDAP_NAME_ATTRIBUTE";
        /// Attribute that holds the mail address.
        mail_attribute: String = "mail".to_owned(), "LDAP_MAIL_ATTRIBUTE";
        /// Whether members of a group's groups are members of the group.
        nested_groups: bool = true, "LDAP_NESTED_GROUPS";
        /// Where groups are searched. Without it: where people are.
        group_base_dn: Option<String> = None, "LDAP_GROUP_BASE_DN";
        /// Groups of administrators, with semicolons between them.
        admin_groups: GroupNames = GroupNames::default(), "LDAP_ADMIN_GROUPS";
        /// Groups of publishers, with semicolons between them.
        publisher_groups: GroupNames = GroupNames::default(), "LDAP_PUBLISHER_GROUPS";
        /// Groups of editors, with semicolons between them.
        editor_groups: GroupNames = GroupNames::default(), "LDAP_EDITOR_GROUPS";
        /// Groups of auditors, with semicolons between them.
        auditor_groups: GroupNames = GroupNames::default(), "LDAP_AUDITOR_GROUPS";
        /// Groups of viewers, with semicolons between them.
        viewer_groups: GroupNames = GroupNames::default(), "LDAP_VIEWER_GROUPS";
        /// Time for a whole sign-in.
        timeout: Duration = Duration::from_secs(10), "LDAP_TIMEOUT", within (Duration::from_secs(1), minutes(2));
        /// Time for reaching one server, before the next one is tried.
        connect_timeout: Duration = Duration::from_secs(3), "LDAP_CONNECT_TIMEOUT", within (Duration::from_secs(1), Duration::from_secs(10));
        /// How often people with tokens or sessions are looked up again.
        recheck_interval: Duration = minutes(15), "LDAP_RECHECK_INTERVAL", within (minutes(1), minutes(24 * 60));
        /// How long they go on while the directory does not answer; at least `LDAP_RECHECK_INTERVAL`.
        grace: Duration = minutes(24 * 60), "LDAP_GRACE", within (minutes(0), minutes(30 * 24 * 60));
        /// Days that tokens work after their owner's last sign-in, where no account looks people up.
        token_days: u16 = 7, "LDAP_TOKEN_DAYS", within (1, 365);
    }

    /// Sign-in, sessions and API tokens.
    pub struct AuthConfig in "auth." {
        /// Name of the session cookie.
        session_cookie_key: CookieName = CookieName::session(), "SESSION_COOKIE_KEY";
        /// A session ends when it was not used for this long.
        session_idle_limit: Duration = minutes(2 * 60), "SESSION_IDLE_LIMIT", within (minutes(1), minutes(30 * 24 * 60));
        /// A session ends this long after sign-in, used or not.
        session_absolute_limit: Duration = minutes(12 * 60), "SESSION_ABSOLUTE_LIMIT", within (minutes(1), minutes(90 * 24 * 60));
        /// Days until an API token expires, unless it is made with another expiry.
        api_token_expiry_days: u16 = 30, "API_TOKEN_EXPIRY_DAYS", within (1, 3650);
        /// Line on the sign-in page that says whom to ask for an account.
        contact: Option<String> = None, "AUTH_CONTACT";
    }

    /// The first administrator, made when there is no account at all.
    pub struct AdminConfig in "admin." {
        /// Name of the first administrator.
        username: String = "admin".to_owned(), "ADMIN_USERNAME";
        /// Password of the first administrator. Without it one is generated and shown once.
        password: Option<Secret> = None, "ADMIN_PASSWORD";
    }

    /// How the picture of the models in memory is kept fresh.
    pub struct CatalogConfig in "catalog." {
        /// How often to ask the storage whether another writer changed something.
        poll_interval: Duration = Duration::from_secs(3), "CATALOG_POLL_INTERVAL", within (Duration::from_secs(1), minutes(60));
        /// Memory for whole definitions, in MB (of 1,048,576 bytes).
        cache_mb: u32 = 64, "CATALOG_CACHE_MB", within (1, 65_536);
    }

    /// What a client can take of a server. The limits hold for each port.
    pub struct LimitsConfig in "limits." {
        /// Open connections at a time; more wait. Fewer where the system allows too few open files.
        max_connections: u32 = 8192, "LIMITS_MAX_CONNECTIONS", within (1, 1_000_000);
        /// Time a client has to send the headers of a request.
        header_timeout: Duration = Duration::from_secs(10), "LIMITS_HEADER_TIMEOUT", within (Duration::from_secs(1), minutes(10));
        /// Time that new requests are still answered once the server was told to stop, while `/readyz` says so.
        shutdown_grace: Duration = Duration::from_secs(0), "LIMITS_SHUTDOWN_GRACE", within (Duration::from_secs(0), minutes(10));
        /// Time that the server has to end after the grace: three quarters of it for requests in flight, the rest for the last writes.
        shutdown_deadline: Duration = Duration::from_secs(20), "LIMITS_SHUTDOWN_DEADLINE", within (Duration::from_secs(0), minutes(60));
        /// Reverse proxies whose X-Forwarded headers are believed: addresses or networks.
        trusted_proxies: Vec<IpNetwork> = Vec::new(), "TRUSTED_PROXIES";
    }

    /// Logs.
    pub struct LoggingConfig in "logging." {
        /// Folder for a log file of each day, besides standard error.
        dir: Option<PathBuf> = None, "LOG_DIR";
        /// Days that log files are kept.
        keep_days: u16 = 90, "LOG_KEEP_DAYS", within (1, 3650);
        /// Shape of log lines: text or json.
        format: LogFormat = LogFormat::Text, "LOG_FORMAT";
        /// Least important events that are logged: error, warn, info, debug or trace.
        level: LogLevel = LogLevel::Info, "LOG_LEVEL";
    }
}
