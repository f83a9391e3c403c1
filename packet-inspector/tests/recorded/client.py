"""Plays one scene with paho-mqtt, of either generation. usage: client.py SCENE PORT"""
import queue
import sys

import paho.mqtt.client as mqtt

HOST = "127.0.0.1"


def client(client_id, clean=True, transport="tcp"):
    arguments = dict(client_id=client_id, clean_session=clean, protocol=mqtt.MQTTv311, transport=transport)
    if hasattr(mqtt, "CallbackAPIVersion"):
        arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
    it = mqtt.Client(**arguments)
    it.heard = queue.Queue()
    for event in ["connect", "disconnect", "subscribe", "unsubscribe", "message"]:
        setattr(it, "on_" + event, lambda *args, event=event: it.heard.put((event, args[-1])))
    return it


def hears(it, event, times=1):
    """Waits until something has happened so many times; what happens besides is passed over."""
    while times > 0:
        times -= it.heard.get(timeout=30)[0] == event


def connect(it, port, keep_alive=60):
    it.connect(HOST, port, keep_alive)
    it.loop_start()
    hears(it, "connect")


def end(it):
    it.disconnect()
    hears(it, "disconnect")
    it.loop_stop()


def conversation(port, transport):
    """All three QoS, many at a time, several filters, both ways; a keep alive of 0."""
    it = client("paho" + transport, transport=transport)
    it.max_inflight_messages_set(20)
    it.will_set("will/paho", "gone", qos=1, retain=True)
    # Over WebSocket, paho takes the keep alive for the time to connect.
    connect(it, port, 0 if transport == "tcp" else 60)
    it.subscribe([("q/0", 0), ("q/1", 1), ("q/2", 2), ("größe/#", 2)])
    hears(it, "subscribe")
    for number in range(40):
        for qos in (0, 1, 2):
            it.publish("q/%d" % qos, "%d of qos %d" % (number, qos), qos=qos)
    it.publish("größe/ä", b"\x00\xff" * 40, qos=2)
    it.publish("q/2", None, qos=2)
    hears(it, "message", 122)
    it.unsubscribe(["q/0", "q/1"])
    hears(it, "unsubscribe")
    end(it)


def session(port):
    """A session that is kept, with messages for a client that is away."""
    for turn in range(3):
        it = client("pahokept", clean=False)
        connect(it, port)
        if turn == 0:
            it.subscribe("kept/#", 2)
            hears(it, "subscribe")
        else:
            hears(it, "message", 6)
        end(it)
        if turn < 2:
            other = client("pahoother")
            connect(other, port)
            sent = [other.publish("kept/%d" % qos, "for later", qos=qos) for qos in (1, 2) for _ in range(3)]
            for message in sent:
                message.wait_for_publish(30)
            end(other)


def takeover(port):
    """A second client takes the identifier of the first, whose connection the broker closes."""
    first, second = client("pahotwin"), client("pahotwin")
    connect(first, port)
    first.subscribe("twin", 1)
    hears(first, "subscribe")
    # It would come back by itself.
    first.reconnect_delay_set(3600, 3600)
    connect(second, port)
    hears(first, "disconnect")
    second.subscribe("twin", 1)
    hears(second, "subscribe")
    second.publish("twin", "mine", qos=1)
    hears(second, "message")
    end(second)


scene, port = sys.argv[1], int(sys.argv[2])
if scene in ("tcp", "websockets"):
    conversation(port, scene)
else:
    {"session": session, "takeover": takeover}[scene](port)
# Threads that wait to come back are of no use any more.
sys.stdout.flush()
import os

os._exit(0)
