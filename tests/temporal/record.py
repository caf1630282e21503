"""A history of a real server as the interpreter's tests keep them: see tests/unit/temporal/histories.

    temporal workflow show --workflow-id ID -o json | record.py > HISTORY.jsonl
"""
import base64
import json
import re
import sys

KINDS = {
    "WORKFLOW_EXECUTION_STARTED": "started", "WORKFLOW_TASK_STARTED": "task_started", "WORKFLOW_TASK_TIMED_OUT": "task_timed_out",
    "WORKFLOW_TASK_FAILED": "task_failed", "MARKER_RECORDED": "step_done", "ACTIVITY_TASK_SCHEDULED": "step_scheduled",
    "ACTIVITY_TASK_COMPLETED": "step_completed", "ACTIVITY_TASK_FAILED": "step_failed", "ACTIVITY_TASK_TIMED_OUT": "step_timed_out",
    "ACTIVITY_TASK_CANCELED": "step_cancelled", "ACTIVITY_TASK_CANCEL_REQUESTED": "step_cancel_asked",
    "WORKFLOW_EXECUTION_SIGNALED": "moved", "WORKFLOW_EXECUTION_CANCEL_REQUESTED": "cancel_asked",
    "WORKFLOW_PROPERTIES_MODIFIED": "phase_told", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": "went_on",
    "WORKFLOW_EXECUTION_COMPLETED": "completed", "WORKFLOW_EXECUTION_CANCELED": "cancelled",
}


def payload(payloads):
    return json.loads(base64.b64decode(payloads["payloads"][0]["data"]))


def attributes(event):
    return next((v for k, v in event.items() if k.endswith("EventAttributes")), {})


def line(event, shared):
    name = event["eventType"].replace("EVENT_TYPE_", "")
    out = {"id": int(event["eventId"]), "kind": KINDS.get(name, "other")}
    about = attributes(event)
    if "scheduledEventId" in about and out["kind"].startswith("step_"):
        out["refers"] = int(about["scheduledEventId"])
    if out["kind"] in ("started", "went_on"):
        out["text"] = json.dumps(payload(about["input"]), sort_keys=True)
    elif out["kind"] == "phase_told":
        out["text"] = json.loads(base64.b64decode(about["upsertedMemo"]["fields"]["phase"]["data"]))
    elif out["kind"] == "completed":
        out["text"] = payload(about["result"])["state"]
    elif out["kind"] == "task_started":
        out["name"] = about["identity"]
        if about.get("suggestContinueAsNew"):
            out["text"] = "grown"
    elif out["kind"] == "task_timed_out":
        out["text"] = about["timeoutType"].replace("TIMEOUT_TYPE_", "").lower()
    elif out["kind"] == "step_done":
        said = payload(about["details"]["step"])
        out.update(name=said["step"], text=said["outcome"])
    elif out["kind"] == "step_scheduled":
        out["name"] = about["activityId"]
        if about["taskQueue"]["name"] != shared:
            out["queue"] = about["taskQueue"]["name"]
    elif out["kind"] == "step_completed":
        said = payload(about["result"])
        out.update(text=said["outcome"], queue=said["home"])
    elif out["kind"] == "step_failed":
        out["text"] = about["failure"]["message"]
        if about["failure"].get("applicationFailureInfo", {}).get("nonRetryable"):
            out["final"] = True
    elif out["kind"] == "moved":
        out["text"] = payload(about["input"])["home"]
    return out


def lines(events):
    shared = attributes(events[0])["taskQueue"]["name"]
    # Whose machine it was is nobody's business.
    hidden = re.escape(shared) + r"@[A-Za-z0-9_.-]+?-(p?\d+)(?=[\"\\])"
    return [re.sub(hidden, shared + r"@host-\1", json.dumps(line(e, shared), sort_keys=True)) for e in events]


if __name__ == "__main__":
    print("\n".join(lines(json.load(sys.stdin)["events"])))
