"""The CloudFormation templates: linted, closed by default, and making exactly what stream expects."""

import json
import subprocess

import pytest

from deploy.check_release import cloud
from deploy.check_release.aws_calls import read_call
from deploy.check_release.template import list_granted, read_template
from develop.fixtures.aws_server import start_aws_server
from develop.fixtures.tracked import ROOT, list_tracked
from develop.places import ENVIRONMENTS

TEMPLATES = list_tracked("code/deploy/infrastructure/*.yaml")
LINTER = ENVIRONMENTS / "tools" / "bin" / "cfn-lint"
TEMPLATE = read_template(cloud.TEMPLATE)
RESOURCES = TEMPLATE["Resources"]


def of_type(kind):
    return {name: entry["Properties"] for name, entry in RESOURCES.items() if entry["Type"] == kind}


def statements_of(role):
    return [s for policy in RESOURCES[role]["Properties"]["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def test_both_templates_are_linted():
    assert len(TEMPLATES) == 2
    words = [LINTER, "--include-checks", "I", "--", *TEMPLATES]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_linter_finds_a_wrong_template(tmp_path):
    wrong = cloud.TEMPLATE.read_text(encoding="utf-8").replace(
        "VersioningConfiguration: {Status: Enabled}", "VersioningConfiguration: {Status: On}"
    )
    (tmp_path / "wrong.yaml").write_text(wrong)
    words = [LINTER, tmp_path / "wrong.yaml"]
    assert subprocess.run(words, capture_output=True, check=False).returncode != 0


def test_the_bucket_is_encrypted_versioned_and_closed():
    (bucket,) = of_type("AWS::S3::Bucket").values()
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (only,) = policy["PolicyDocument"]["Statement"]
    assert (only["Effect"], only["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_what_holds_data_outlives_the_stack():
    for name, entry in RESOURCES.items():
        if entry["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue"):
            assert entry["DeletionPolicy"] == entry["UpdateReplacePolicy"] == "Retain", name


def test_tables_are_encrypted_backed_up_and_forget_what_has_expired():
    for table in of_type("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("app", ["Train", "Serve", "Stream"])
def test_a_role_is_one_service_accounts_and_names_what_it_may_touch(app):
    trust = RESOURCES[f"{app}Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [s["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"] for s in trust] == [app.lower()]
    for statement in statements_of(f"{app}Role"):
        assert "*" not in json.dumps(statement["Action"])
        assert statement["Resource"] != "*"


def test_no_role_can_make_or_drop_anything():
    for app in ("Train", "Serve", "Stream"):
        granted = list_granted(TEMPLATE, f"{app}Role")
        assert not [action for action in granted if action.split(":")[1].startswith(("Create", "DeleteTable", "DeleteQueue", "DeleteBucket", "PutBucket", "Update", "Tag"))]  # fmt: skip


def test_every_alarm_tells_somebody_and_watches_something_of_the_stack():
    alarms = of_type("AWS::CloudWatch::Alarm")
    filtered = {
        t["MetricName"] for f in of_type("AWS::Logs::MetricFilter").values() for t in f["MetricTransformations"]
    }
    assert len(alarms) >= 6
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert alarm["MetricName"] in filtered or any(next(iter(d["Value"].values())) for d in alarm["Dimensions"]), (
            name
        )


@pytest.mark.timeout(240)
def test_the_stack_makes_the_tables_and_queues_that_stream_would_make():
    with start_aws_server() as url:
        facts = list(cloud.check_made(cloud.Cloud(url)))
    assert len(facts) == 7
    assert [fact.name for fact in facts if not fact.passed] == []


def test_what_the_local_server_passes_over_is_known():
    made = {
        "AWS::S3::Bucket",
        "AWS::DynamoDB::Table",
        "AWS::SQS::Queue",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
    }
    always = {entry["Type"] for entry in RESOURCES.values() if "Condition" not in entry}
    assert always - made == cloud.NOT_MADE


SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=me/20261121/eu-west-1/{}/aws4_request, SignedHeaders=host"}


TABLE, QUEUE = "arn:aws:dynamodb:eu-west-1:123456789012:table", "arn:aws:sqs:eu-west-1:123456789012:q"
REQUESTS = [  # service, method, path, query; or service, target, body
    (("s3", "GET", "/b/prod/models/x%20y", ""), "s3:GetObject", ["arn:aws:s3:::b/prod/models/x y"]),
    (("s3", "HEAD", "/b/k", ""), "s3:GetObject", ["arn:aws:s3:::b/k"]),
    (("s3", "GET", "/b", "list-type=2&prefix=x"), "s3:ListBucket", ["arn:aws:s3:::b"]),
    (("s3", "POST", "/b/k", "uploads"), "s3:PutObject", ["arn:aws:s3:::b/k"]),
    (("s3", "PUT", "/b/k", "partNumber=1&uploadId=x"), "s3:PutObject", ["arn:aws:s3:::b/k"]),
    (("s3", "DELETE", "/b/k", "uploadId=x"), "s3:AbortMultipartUpload", ["arn:aws:s3:::b/k"]),
    (("s3", "PUT", "/b", ""), "s3:PUT", []),
    (("dynamodb", "DynamoDB_20120810.Query", {"TableName": "t", "IndexName": "i"}), "dynamodb:Query", [f"{TABLE}/t/index/i"]),
    (("dynamodb", "DynamoDB_20120810.BatchWriteItem", {"RequestItems": {"t": [], "u": []}}), "dynamodb:BatchWriteItem", [f"{TABLE}/t", f"{TABLE}/u"]),
    (("sqs", "AmazonSQS.DeleteMessageBatch", {"QueueUrl": "http://h/123456789012/q"}), "sqs:DeleteMessage", [QUEUE]),
    (("sqs", "AmazonSQS.GetQueueUrl", {"QueueName": "q"}), "sqs:GetQueueUrl", [QUEUE]),
    (("iam", "", {}), "iam:", []),
]  # fmt: skip


@pytest.mark.parametrize(("request_line", "action", "resources"), REQUESTS)
def test_a_request_is_read_as_the_permission_that_it_needs(request_line, action, resources):
    service, *rest = request_line
    headers = {"Authorization": SIGNED["Authorization"].format(service)}
    if service == "s3":
        found = read_call(*rest, headers, b"")
    else:
        found = read_call("POST", "/", "", headers | {"X-Amz-Target": rest[0]}, json.dumps(rest[1]).encode())
    assert (found.key, found.action, list(found.resources)) == ("me", action, resources)


def test_a_request_that_is_not_signed_is_nobodys():
    assert read_call("GET", "/moto-api/", "", {}, b"") is None
