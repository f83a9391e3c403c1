"""A dashboard as a student writes one: dashboard.py HOST:PORT; it reads commands from standard input."""

import json
import threading
import time

from common import client, connect

subscribed = threading.Event()
answered = threading.Semaphore(0)


def on_connect(client, userdata, flags, rc):
    client.subscribe("home/light/status", 1)


def on_subscribe(client, userdata, mid, granted_qos):
    subscribed.set()


def on_message(client, userdata, message):
    print(f"Received light status: {message.payload.decode()}", flush=True)
    answered.release()


dashboard = client("CentralDashboard")
dashboard.on_connect = on_connect
dashboard.on_subscribe = on_subscribe
dashboard.on_message = on_message
connect(dashboard).loop_start()
subscribed.wait(10)
while True:
    try:
        command = input("Enter command (ON/OFF): ")
    except EOFError:
        break
    dashboard.publish("home/light/control", json.dumps({"command": command, "timestamp": time.time()}), 1)
    print(f"Sent command: {command}", flush=True)
    answered.acquire(timeout=10)
dashboard.loop_stop()
dashboard.disconnect()
