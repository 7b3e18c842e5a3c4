"""Service One: a greeting. It listens on loopback only, so that every caller comes through the sidecar."""

import json
import os
import signal
import sys

from flask import Flask, Response, request
from waitress import serve

app = Flask(__name__)


@app.get("/api/service_one")
def greet():
    # json.dumps rather than jsonify: the answer is part of a contract, down to the space after the colon.
    return Response(json.dumps({"message": "Hello from Service One"}), mimetype="application/json")


@app.post("/api/service_one/greetings")
def greet_somebody():
    body = request.get_json(silent=True)
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str) or not 1 <= len(name) <= 80:
        return Response(json.dumps({"error": "name is a text of 1 to 80 characters"}), status=400, mimetype="application/json")
    return Response(json.dumps({"message": f"Hello {name} from Service One"}), status=201, mimetype="application/json")


@app.get("/healthz")
def health():
    return Response("ok", mimetype="text/plain")


if __name__ == "__main__":
    # As process 1 of a container Python has no default reaction to SIGTERM. waitress ends its threads on SystemExit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(app, host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "5000")))
