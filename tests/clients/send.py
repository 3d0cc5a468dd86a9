"""Sends events with Amplitude's Python SDK, unmodified, and prints what its callback said.

    send.py SERVER_URL API_KEY COUNT
"""

import json
import sys
import threading
import time

from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify

url, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
lock = threading.Lock()
answers = []


def callback(event, code, message=None):
    with lock:
        answers.append({"event": event.event_type, "user": event.user_id, "code": code, "message": message})


client = Amplitude(
    key,
    Config(
        server_url=url,
        flush_queue_size=20,
        flush_interval_millis=100,
        flush_max_retries=5,
        callback=callback,
    ),
)
client.group_identify("org", "o1", Identify().set("name", "Org One").set("seats", 5))
client.identify(Identify().set("plan", "pro"), EventOptions(user_id="py-0"))
for number in range(count):
    client.track(
        BaseEvent(
            event_type=f"py-{number}",
            user_id=f"py-{number % 3}",
            groups={"org": "o1"},
            event_properties={"number": number},
        )
    )
# Deeper than the service reads: it has to name it by its index, and take the others.
deep = {}
for _ in range(200):
    deep = {"deeper": deep}
client.track(BaseEvent(event_type="py-deep", user_id="py-0", event_properties=deep))
# Its own timer flushes, and it tries again what was not taken.
deadline = time.monotonic() + 60
while len(answers) < count + 3 and time.monotonic() < deadline:
    time.sleep(0.05)
client.shutdown()
print(json.dumps(answers))
