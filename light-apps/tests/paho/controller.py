"""A light controller as a student writes one: controller.py HOST:PORT"""

import json

from common import client, connect


def on_connect(client, userdata, flags, rc):
    client.subscribe("home/light/control", 1)


def on_subscribe(client, userdata, mid, granted_qos):
    print("Subscribed", flush=True)


def on_message(client, userdata, message):
    command = json.loads(message.payload.decode())["command"]
    print(f"Received command: {command}", flush=True)
    status = f"Light is {command}" if command in ("ON", "OFF") else "Light is UNKNOWN"
    client.publish("home/light/status", status, 1)
    print(f"Published status: {status}", flush=True)


controller = client("LightControllerAndMonitor")
controller.on_connect = on_connect
controller.on_subscribe = on_subscribe
controller.on_message = on_message
connect(controller).loop_forever()
