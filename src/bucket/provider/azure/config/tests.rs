#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::environment::Environment;
use crate::yaml;

const KEY: &str = "bm8gc2VjcmV0";

fn parsed(text: &str, variables: &[(&str, &str)]) -> (Result<Config>, Vec<String>) {
    let node = yaml::parse(text).unwrap().unwrap();
    let variables = variables.iter();
    let environment: Environment = variables
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut warnings = Vec::new();
    let section = Section {
        config: &node,
        environment: &environment,
        warnings: &mut warnings,
    };
    (Config::parse(section), warnings)
}

/// As whom, in a word.
fn told(identity: &Identity) -> String {
    let link = |link: &Link| match link {
        Link::Secret { principal, .. } => {
            format!("secret at {}/{}", principal.authority, principal.tenant)
        }
        Link::Certificate {
            file, sends_chain, ..
        } => {
            let chain = if *sends_chain { " with its chain" } else { "" };
            format!("certificate in {file}{chain}")
        }
        Link::Federated { file, .. } => format!("federated by {file}"),
        Link::Managed {
            client,
            service,
            probes,
        } => {
            let client = client.as_deref().unwrap_or("own");
            let at = service.as_ref().map_or("machine", |(at, _)| at.as_str());
            let probed = if *probes { ", probed" } else { "" };
            format!("managed {client} of {at}{probed}")
        }
        Link::CommandLine => "az".to_owned(),
    };
    match identity {
        Identity::Key(_) => "key".to_owned(),
        Identity::Signature(_) => "signature".to_owned(),
        Identity::Token(one) => link(one),
        Identity::Chain(chain) => {
            let links: Vec<String> = chain.links.iter().map(link).collect();
            format!("[{}]", links.join(", "))
        }
    }
}

/// A file's section, what the environment has beside it, and what is made of both.
type File = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const CLOUD: &str = "https://hot.blob.core.windows.net/";

const FILES: &[File] = &[
    // Thanos' documentation, every key.
    (
        "storage_account: hot\nstorage_account_key: bm8gc2VjcmV0\nstorage_connection_string: \"\"\nstorage_create_container: true\ncontainer: blocks\n\
             endpoint: \"\"\nuser_assigned_id: \"\"\nmax_retries: 0\nreader_config:\n  max_retry_requests: 0\npipeline_config:\n  max_tries: 0\n  try_timeout: 0s\n  \
             retry_delay: 0s\n  max_retry_delay: 0s\nhttp_config:\n  idle_conn_timeout: 1m30s\n  response_header_timeout: 2m\n  insecure_skip_verify: false\n  \
             tls_handshake_timeout: 10s\n  expect_continue_timeout: 1s\n  max_idle_conns_per_host: 100\n  max_conns_per_host: 0\n  tls_config:\n    ca_file: \"\"\n    \
             cert_file: \"\"\n    key_file: \"\"\n    insecure_skip_verify: false\naz_tenant_id: \"\"\nclient_id: \"\"\nclient_secret: \"\"",
        &[],
        CLOUD,
        "key",
    ),
    // The least.
    (
        "{storage_account: hot, container: blocks}",
        &[],
        CLOUD,
        "[managed own of machine, probed, az]",
    ),
    // Sovereign clouds.
    (
        "{storage_account: hot, container: blocks, storage_account_key: bm8gc2VjcmV0, endpoint: blob.core.chinacloudapi.cn}",
        &[],
        "https://hot.blob.core.chinacloudapi.cn/",
        "key",
    ),
    (
        "{storage_account: hot, container: blocks, az_tenant_id: t, client_id: c, client_secret: s~1, endpoint: blob.core.usgovcloudapi.net}",
        &[("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")],
        "https://hot.blob.core.usgovcloudapi.net/",
        "secret at https://login.microsoftonline.us/t",
    ),
    // A managed identity that is named, on a machine and in a container app.
    (
        "{storage_account: hot, container: blocks, user_assigned_id: u}",
        &[],
        CLOUD,
        "managed u of machine",
    ),
    (
        "{storage_account: hot, container: blocks, user_assigned_id: u}",
        &[
            ("IDENTITY_ENDPOINT", "http://10.0.0.1:42356/msi/token"),
            ("IDENTITY_HEADER", "h"),
        ],
        CLOUD,
        "managed u of http://10.0.0.1:42356/msi/token",
    ),
    // What webhooks and secrets set in Kubernetes.
    (
        "{storage_account: hot, container: blocks}",
        &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
        ],
        CLOUD,
        "[federated by /var/run/token, managed c of machine, probed, az]",
    ),
    (
        "{storage_account: hot, container: blocks}",
        &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ],
        CLOUD,
        "[secret at https://login.microsoftonline.com/t, managed c of machine, probed, az]",
    ),
    (
        "{storage_account: hot, container: blocks}",
        &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
            ("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential"),
        ],
        CLOUD,
        "[federated by /var/run/token]",
    ),
    (
        "{storage_account: hot, container: blocks}",
        &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            (
                "AZURE_CLIENT_CERTIFICATE_PATH",
                "/etc/thanos/client cert.pem",
            ),
            ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True"),
            ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"),
        ],
        CLOUD,
        "[certificate in /etc/thanos/client cert.pem with its chain]",
    ),
    // A secret counts before a certificate.
    (
        "{storage_account: hot, container: blocks}",
        &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("AZURE_CLIENT_CERTIFICATE_PATH", "/c"),
            ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"),
        ],
        CLOUD,
        "[secret at https://login.microsoftonline.com/t]",
    ),
    (
        "{storage_account: hot, container: blocks}",
        &[("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")],
        CLOUD,
        "[managed own of machine]",
    ),
    (
        "{storage_account: hot, container: blocks}",
        &[("AZURE_TOKEN_CREDENTIALS", "dev")],
        CLOUD,
        "[az]",
    ),
    // Connection strings: the portal's, with a signature, and emulators'.
    (
        "{storage_account: hot, container: blocks, storage_connection_string: 'DefaultEndpointsProtocol=https;AccountName=hot;AccountKey=bm8gc2VjcmV0;EndpointSuffix=core.windows.net'}",
        &[],
        CLOUD,
        "key",
    ),
    (
        "{storage_account: hot, container: blocks, storage_connection_string: 'BlobEndpoint=https://hot.blob.core.windows.net/;QueueEndpoint=https://x/;SharedAccessSignature=sv=2022-11-02&ss=b&srt=co&sp=rwdlac&sig=a%2Bb%3D'}",
        &[],
        CLOUD,
        "signature",
    ),
    (
        "{storage_account: devstoreaccount1, container: blocks, storage_connection_string: 'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=bm8gc2VjcmV0;BlobEndpoint=http://azurite:10000/devstoreaccount1;'}",
        &[],
        "http://azurite:10000/devstoreaccount1/",
        "key",
    ),
    (
        "{storage_account: devstoreaccount1, container: blocks, storage_connection_string: UseDevelopmentStorage=true}",
        &[],
        "http://127.0.0.1:10000/devstoreaccount1/",
        "key",
    ),
];

/// S-3.24: files as they are in use, with what the environment has beside them; who is asked, where, and as whom.
#[test]
fn files_as_operators_write_them_are_understood() {
    for (text, variables, url, identity) in FILES {
        let (config, _) = parsed(text, variables);
        let config = config.unwrap();
        assert_eq!(config.service.url(""), *url, "{text}");
        assert_eq!(told(&config.identity), *identity, "{text}");
        assert_eq!(config.container, "blocks");
    }
}

/// A section, whole or what stands in it beside an account and a container; what the environment has beside it; and what is said of it.
type Wrong = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const WRONG: &[Wrong] = &[
    (
        "{}",
        &[],
        "config: storage_account is missing (storage_account_name is required but not configured), container is missing (no container specified)",
    ),
    (
        "{storage_account: hot, user_assigned_id: u, client_id: c, storage_account_key: k, storage_connection_string: s}",
        &[],
        "config: user_assigned_id cannot be set when using storage_account_key authentication, user_assigned_id cannot be set when using storage_connection_string authentication, \
             user_assigned_id cannot be set when using client_id authentication, az_tenant_id, client_id, and client_secret must be set together, \
             storage_account_key and storage_connection_string cannot both be set, container is missing (no container specified)",
    ),
    (
        "client_secret: hunter22222",
        &[],
        "az_tenant_id, client_id, and client_secret must be set together",
    ),
    (
        "pipeline_config: {max_tries: -1}",
        &[],
        "The value of max_tries must be greater than or equal to 0 in the config file",
    ),
    (
        "reader_config: {max_retry_requests: -1}",
        &[],
        "The value of max_retry_requests must be greater than or equal to 0 in the config file",
    ),
    (
        "storage_acount_key: hunter22222",
        &[],
        "unknown key config.storage_acount_key",
    ),
    (
        "pipeline_config: {max_trys: 1}",
        &[],
        "unknown key config.pipeline_config.max_trys",
    ),
    (
        "pipeline_config: {try_timeout: hunter22222}",
        &[],
        "config.pipeline_config.try_timeout: expected a duration",
    ),
    (
        "storage_create_container: hunter22222",
        &[],
        "config.storage_create_container",
    ),
    (
        "storage_account_key: 'hunter22222!'",
        &[],
        "config.storage_account_key: expected base64",
    ),
    (
        "storage_account_key: \"aHVudGVyMjIyMjI=\\n\"",
        &[],
        "config.storage_account_key ends in a line break",
    ),
    (
        "az_tenant_id: a/../b, client_id: c, client_secret: hunter22222",
        &[],
        "config.az_tenant_id: expected the id of a tenant",
    ),
    (
        "az_tenant_id: t, client_id: c, client_secret: \"hunter\\n22222\"",
        &[],
        "config.client_secret holds a line break",
    ),
    (
        "user_assigned_id: \"u \"",
        &[],
        "config.user_assigned_id begins or ends with a space",
    ),
    (
        "endpoint: https://hot.blob.core.windows.net",
        &[],
        "config.endpoint: expected what follows the account's name",
    ),
    (
        "storage_connection_string: hunter22222",
        &[],
        "config.storage_connection_string is malformed",
    ),
    (
        "storage_connection_string: AccountKey=aHVudGVyMjIyMjI=",
        &[],
        "config.storage_connection_string needs either AccountName or BlobEndpoint",
    ),
    (
        "storage_connection_string: BlobEndpoint=https://h/;AccountKey=aHVudGVyMjIyMjI=",
        &[],
        "needs either AccountKey (with AccountName) or SharedAccessSignature",
    ),
    (
        "storage_connection_string: AccountName=hot;AccountKey=hunter22222",
        &[],
        "config.storage_connection_string: AccountKey: expected base64",
    ),
    (
        "storage_connection_string: BlobEndpoint=hunter22222;SharedAccessSignature=sig=x",
        &[],
        "config.storage_connection_string: the blob endpoint is no address",
    ),
    (
        "storage_connection_string: BlobEndpoint=https://h/;SharedAccessSignature=hunter22222",
        &[],
        "SharedAccessSignature: expected a shared access signature",
    ),
    (
        "{storage_account: Hunter22222, container: blocks}",
        &[],
        "config.storage_account: expected an account's name",
    ),
    (
        "{storage_account: hot, container: Hunter22222}",
        &[],
        "config.container: expected a container's name",
    ),
    (
        "max_retries: 1",
        &[
            ("AZURE_AUTHORITY_HOST", "http://hunter22222"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
        ],
        "AZURE_AUTHORITY_HOST: expected an address with https://",
    ),
    (
        "max_retries: 1",
        &[("AZURE_TOKEN_CREDENTIALS", "hunter22222")],
        "AZURE_TOKEN_CREDENTIALS: expected prod",
    ),
    (
        "max_retries: 1",
        &[
            ("AZURE_USERNAME", "hunter22222"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
        ],
        "AZURE_USERNAME: a user's password is not supported",
    ),
    (
        "max_retries: 1",
        &[
            ("AZURE_CLIENT_SECRET", "hunter22222\n"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
        ],
        "AZURE_CLIENT_SECRET ends in a line break",
    ),
    (
        "max_retries: 1",
        &[("IDENTITY_ENDPOINT", "hunter22222")],
        "IDENTITY_ENDPOINT or MSI_ENDPOINT: expected an address",
    ),
    (
        "max_retries: 1",
        &[
            ("IDENTITY_ENDPOINT", "http://localhost:40342/t"),
            ("IMDS_ENDPOINT", "http://localhost:40342"),
        ],
        "IMDS_ENDPOINT: managed identities of Azure Arc are not supported",
    ),
];

/// S-3.24: in the words of Thanos where it has some, all together, and without a word of what may be a secret.
#[test]
fn what_thanos_refuses_is_refused_in_its_words() {
    for (text, variables, expected) in WRONG {
        let section = if text.starts_with('{') {
            (*text).to_owned()
        } else {
            format!("{{storage_account: hot, container: blocks, {text}}}")
        };
        let (config, _) = parsed(&section, variables);
        let told = config.unwrap_err().to_string();
        assert!(told.contains(expected), "{section}: {told}");
        assert!(
            !told.contains("unter2") && !told.contains("aHVudGV"),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1);
    }
}

/// S-3.24
#[test]
fn what_has_no_effect_is_said() {
    const STRING: &str = "AccountName=other;AccountKey=bm8gc2VjcmV0";
    for (text, expected) in [
        ("msi_resource: x", "config.msi_resource is deprecated"),
        (
            "reader_config: {max_retry_requests: 2}",
            "config.reader_config.max_retry_requests has no effect",
        ),
        (
            &format!("storage_connection_string: {STRING}"),
            "config.storage_account has no effect here",
        ),
        (
            &format!("endpoint: blob.x.y, storage_connection_string: {STRING}"),
            "config.endpoint has no effect here",
        ),
        (
            &format!("storage_connection_string: DefaultEndpointsProtocol=http;{STRING}"),
            "travel to other.blob.core.windows.net unencrypted",
        ),
        (
            "http_config: {insecure_skip_verify: true}",
            "no certificate is verified",
        ),
        (
            &format!("storage_account_key: {KEY}, client_id: 1, az_tenant_id: t, client_secret: s"),
            "config.client_secret has no effect here",
        ),
        (
            "client_id: 1, az_tenant_id: t, client_secret: s",
            "config.client_id looks like a number",
        ),
        (
            "storage_connection_string: UseDevelopmentStorage=true",
            "Thanos does not know UseDevelopmentStorage",
        ),
    ] {
        let section = format!("{{storage_account: hot, container: blocks, {text}}}");
        let (config, warnings) = parsed(&section, &[]);
        config.unwrap();
        assert!(
            warnings.iter().any(|told| told.contains(expected)),
            "{text}: {warnings:?}"
        );
    }
    let (_, warnings) = parsed(
        &format!("{{storage_account: hot, container: blocks, storage_account_key: {KEY}}}"),
        &[],
    );
    assert_eq!(warnings, [""; 0]);
}
