"""``python3 -m deploy.check_release.guarded_aws PORT LOG``: the tests' AWS-compatible server, with roles that are really kept.

moto has a check of its own (``POST /moto-api/reset-auth``), which was tried with a role of this template and cannot be used
(moto 5.2.5): it asks for DynamoDB's actions on ``*`` whatever the table, so a policy that names a table allows nothing, and for
``sqs:SendMessageBatch``, which IAM does not know, so a batch is refused to whoever may send. For S3 it is right.
Here a request that is signed with the name of a role as its access key is let through only where that role's policies,
as they lie in the server, allow its action on every resource it names; moto's own evaluation decides. Each such request is
a line of LOG. Other keys are the operator's and may do everything.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import iam_backends

from deploy.check_release.aws_calls import ACCOUNT, Call, read_call
from develop.fixtures.aws_program import listen, make_application

_REFUSAL: Final = {"__type": "com.amazonaws#AccessDeniedException", "message": "the role's policies do not allow this"}
_S3_REFUSAL: Final = b"<Error><Code>AccessDenied</Code><Message>the role's policies do not allow this</Message></Error>"


class Guard:
    """Lets a role's requests through to ``application`` as far as its policies allow, and writes each to ``log``."""

    def __init__(self, application: Callable[..., Any], log: Path) -> None:
        """Share the log's lock between the server's threads."""
        self._application, self._log, self._writing = application, log, threading.Lock()

    def __call__(self, environment: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        call = _read_call(environment)
        policies = _read_policies(call.key) if call else []
        if call and policies:
            allowed = is_allowed(policies, call)
            self._note(call, allowed=allowed)
            if not allowed:
                return _refuse(call, start_response)
        answer: Iterable[bytes] = self._application(environment, start_response)
        return answer

    def _note(self, call: Call, *, allowed: bool) -> None:
        line = json.dumps({**call._asdict(), "allowed": allowed})
        with self._writing, self._log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def is_allowed(policies: list[str], call: Call) -> bool:
    """Tell whether policies (JSON documents) allow a call: one allows and none denies it, for each resource it names."""
    for resource in call.resources:
        verdicts = {IAMPolicy(policy).is_action_permitted(call.action, resource) for policy in policies}
        if PermissionResult.DENIED in verdicts or PermissionResult.PERMITTED not in verdicts:
            return False
    return bool(call.resources)


def _read_call(environment: dict[str, Any]) -> Call | None:
    target = environment.get("HTTP_X_AMZ_TARGET", "")
    body = b""
    if target:
        body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
        environment["wsgi.input"] = io.BytesIO(body)
    headers = {"Authorization": environment.get("HTTP_AUTHORIZATION", ""), "X-Amz-Target": target}
    path, query = environment.get("PATH_INFO", ""), environment.get("QUERY_STRING", "")
    return read_call(environment["REQUEST_METHOD"], path, query, headers, body)


def _read_policies(role: str) -> list[str]:
    backend = iam_backends[ACCOUNT]["aws"]
    if role not in {found.name for found in backend.roles.values()}:
        return []
    documents = [backend.get_role_policy(role, name)[1] for name in backend.list_role_policies(role)]
    return [document if isinstance(document, str) else json.dumps(document) for document in documents]


def _refuse(call: Call, start_response: Callable[..., Any]) -> Iterable[bytes]:
    if call.action.startswith("s3:"):
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [_S3_REFUSAL]
    start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
    return [json.dumps(_REFUSAL).encode()]


if __name__ == "__main__":
    listen(int(sys.argv[1]), Guard(make_application(), Path(sys.argv[2])))
