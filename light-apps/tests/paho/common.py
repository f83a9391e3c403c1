"""What both programs need: a client of either generation of paho-mqtt, and the broker's address."""

import sys

import paho.mqtt.client as mqtt


def client(client_id):
    if hasattr(mqtt, "CallbackAPIVersion"):
        return mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id)
    return mqtt.Client(client_id)


def connect(client):
    host, port = sys.argv[1].rsplit(":", 1)
    client.connect(host, int(port), 60)
    return client
