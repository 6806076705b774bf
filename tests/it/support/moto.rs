//! The services of moto that are not S3: who there is, and who may take on which role.

use bytes::Bytes;
use tokio::runtime::Runtime;

use super::minio::Credentials;
use super::s3_request::ask_service;
use super::s3_server::S3Server;

/// Somebody who may take on a role, and what it is called. From now on the server looks at every signature, and knows nobody else.
pub fn role(server: &S3Server) -> (Credentials, String) {
    const EVERYTHING: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    let runtime = Runtime::new().unwrap();
    let act = |question: &str| {
        let body = Bytes::from(format!("Version=2010-05-08&{question}"));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let place = ("POST", "");
        let asked = ask_service("iam", server.root(), server.port(), place, &form, body);
        let (status, answer) = runtime.block_on(asked);
        assert_eq!(status, 200, "{question}: {answer}");
        answer
    };
    let told = |answer: &str, name: &str| {
        let (_, after) = answer.split_once(&format!("<{name}>")).unwrap();
        after.split_once('<').unwrap().0.to_owned()
    };
    act("Action=CreateUser&UserName=somebody");
    let key = act("Action=CreateAccessKey&UserName=somebody");
    act(&format!(
        "Action=PutUserPolicy&UserName=somebody&PolicyName=all&PolicyDocument={EVERYTHING}"
    ));
    let role = act(&format!(
        "Action=CreateRole&RoleName=thanos&AssumeRolePolicyDocument={EVERYTHING}"
    ));
    act(&format!(
        "Action=PutRolePolicy&RoleName=thanos&PolicyName=all&PolicyDocument={EVERYTHING}"
    ));
    let strict = ask_service(
        "s3",
        server.root(),
        server.port(),
        ("POST", "moto-api/reset-auth"),
        &[],
        "0".into(),
    );
    assert_eq!(runtime.block_on(strict).0, 200);
    let somebody = Credentials {
        access_key: told(&key, "AccessKeyId"),
        secret_key: told(&key, "SecretAccessKey"),
    };
    (somebody, told(&role, "Arn"))
}
