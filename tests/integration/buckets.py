"""ItemReader and ResultWriter over buckets that are folders: what is read, written, and written again by a redrive.

ItemReader also over an S3 endpoint that fails at first."""

import gzip
import json
import os

from program import Workspace
from scripted_server import ScriptedServer
from steered import call, control, create, describe, start
from tap import check, check_equal, run, test

SOURCES = {
    "CSV": ("items.csv", "id,name\n1,one\n2,two\n3,three\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            [{"id": "1", "name": "one"}, {"id": "2", "name": "two"}, {"id": "3", "name": "three"}]),
    "JSON": ("items.json", '[{"id":1},{"id":2}]', {"InputType": "JSON"}, [{"id": 1}, {"id": 2}]),
    "JSONL": ("items.jsonl", '{"id":1}\n{"id":2}\n', {"InputType": "JSONL"}, [{"id": 1}, {"id": 2}]),
}

HANDLERS = """
return { work = function(input)
  if input.id == BAD then error { error = "Bad", cause = "item " .. input.id } end
  return input
end }
"""


def distributed(reader, states=None):
    return {"M": {"Type": "Map", "Label": "Items", "MaxConcurrency": 1, "End": True, "ItemReader": reader,
                  "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                                    **(states or {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})}}}


def get_object(key, config):
    return {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
            "Parameters": {"Bucket": "source", "Key": key}}


def end_of(url, execution):
    for _ in range(400):
        answer = describe(url, execution)
        if answer["status"] != "RUNNING":
            return answer
        control(url, advance="10ms")
    raise AssertionError(f"{execution} did not end")


def list_objects(prefix, **config):
    return {"Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": config,
            "Parameters": {"Bucket": "source", "Prefix": prefix}}


def put(work, bucket, key, content):
    path = os.path.join(work.path("buckets"), bucket, key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def get(work, bucket, key):
    with open(os.path.join(work.path("buckets"), bucket, key), encoding="utf-8") as file:
        return json.load(file)


@test
def items_come_from_csv_json_and_json_lines():
    with Workspace() as work:
        for key, text, _, _ in SOURCES.values():
            put(work, "source", key, text)
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            for name, (key, _, config, items) in SOURCES.items():
                machine = create(url, distributed(get_object(key, config)), name=name)
                ended = end_of(url, start(url, machine, "one"))
                check_equal(ended["status"], "SUCCEEDED", f"{name} {ended}")
                check_equal(json.loads(ended["output"]), items, name)


@test
def items_are_the_objects_of_a_listing():
    with Workspace() as work:
        for key in "in/b", "in/a", "other":
            put(work, "source", key, key)
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            ended = end_of(url, start(url, create(url, distributed(list_objects("in/"))), "one"))
            check_equal(ended["status"], "SUCCEEDED", f"{ended}")
            check_equal([(o["Key"], o["Size"]) for o in json.loads(ended["output"])], [("in/a", 4), ("in/b", 4)], "objects")


def check_gzip(ended, items):
    """The items of gzip files; in a build without zlib a failure that names what is missing."""
    if os.environ.get("WITH_ZLIB", "true") == "true":
        check_equal(ended["status"], "SUCCEEDED", f"{ended}")
        check_equal(json.loads(ended["output"]), items, "items")
    else:
        check_equal((ended["status"], ended["error"]), ("FAILED", "States.ItemReaderFailed"), f"{ended}")
        check("-Dzlib=enabled" in ended["cause"], ended["cause"])


@test
def items_are_those_of_the_gzip_files_of_an_inventory():
    files = {"inv/1.csv.gz": '"source","a","1"\n"source","b","2"\n', "inv/2.csv.gz": '"source","c","3"\n'}
    manifest = {"sourceBucket": "source", "destinationBucket": "arn:aws:s3:::lists", "version": "2016-11-30",
                "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size", "files": [{"key": key} for key in files]}
    with Workspace() as work:
        put(work, "source", "manifest.json", json.dumps(manifest))
        for key, text in files.items():
            put(work, "lists", key, gzip.compress(text.encode()))
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            machine = create(url, distributed(get_object("manifest.json", {"InputType": "MANIFEST"})))
            check_gzip(end_of(url, start(url, machine, "one")),
                       [{"Bucket": "source", "Key": key, "Size": size} for key, size in ("a1", "b2", "c3")])


@test
def items_are_those_in_the_objects_of_a_listing():
    with Workspace() as work:
        put(work, "source", "in/1.jsonl", '{"n":1}\n{"n":2}\n')
        put(work, "source", "in/2.jsonl.gz", gzip.compress(b'{"n":3}\n'))
        put(work, "source", "other", "not JSON")
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            reader = list_objects("in/", Transformation="LOAD_AND_FLATTEN", InputType="JSONL")
            check_gzip(end_of(url, start(url, create(url, distributed(reader)), "one")), [{"n": 1}, {"n": 2}, {"n": 3}])


@test
def an_endpoint_that_fails_at_first_is_asked_again():
    down = {"raw": "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>", "status": 503}
    with Workspace() as work, ScriptedServer({"reset": True}, down, {"raw": '{"a":1,"b":2}'}, down) as server:
        with work.engine("--s3-endpoint", server.url) as (_, url):
            machine = create(url, distributed(get_object("k", {"InputType": "JSON"})))
            ended = end_of(url, start(url, machine, "one"))
            check_equal(ended["status"], "SUCCEEDED", f"{ended}")
            check_equal(json.loads(ended["output"]), [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}], "items")
            check_equal([request["path"] for request in server.requests], ["/source/k"] * 3, "requests")
            ended = end_of(url, start(url, machine, "two"))
            check_equal((ended["status"], ended["error"]), ("FAILED", "States.ItemReaderFailed"), f"{ended}")
            check("(SDK Attempt Count: 3)" in ended["cause"], ended["cause"])


@test
def what_a_killed_engine_left_half_written_is_removed():
    with Workspace() as work:
        put(work, "source", "k", "[]")
        left = os.path.join(work.path("buckets"), ".put-0123456789abcdef")
        with open(left, "w", encoding="utf-8") as file:
            file.write("half")
        with work.engine("--buckets", work.path("buckets")):
            check(not os.path.exists(left), "it is still there")


@test
def results_are_exported_and_a_redrive_exports_beside_them():
    states = {"StartAt": "T", "States": {"T": {"Type": "Task", "End": True,
                                               "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}}}
    with Workspace() as work:
        put(work, "source", "items.json", json.dumps([{"id": n} for n in range(1, 6)]))
        os.makedirs(os.path.join(work.path("buckets"), "results"))
        work.write("handlers.lua", HANDLERS.replace("BAD", "2"))
        machine = distributed(get_object("items.json", {"InputType": "JSON"}), states)
        machine["M"]["ResultWriter"] = {"Resource": "arn:aws:states:::s3:putObject",
                                        "Parameters": {"Bucket": "results", "Prefix": "out"}}
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            execution = start(url, create(url, machine), "one")
            ended = end_of(url, execution)
            check_equal((ended["status"], ended["error"]), ("FAILED", "States.ExceedToleratedFailureThreshold"), f"{ended}")
            map_run = call(url, "ListMapRuns", executionArn=execution)["mapRuns"][0]["mapRunArn"]
            counts = call(url, "DescribeMapRun", mapRunArn=map_run)["itemCounts"]
            check_equal((counts["total"], counts["resultsWritten"], counts["failed"]), (5, 5, 1), f"{counts}")
            folder = f"out/{map_run.rsplit(':', 1)[1]}"
            manifest = get(work, "results", f"{folder}/manifest.json")
            check_equal((manifest["DestinationBucket"], manifest["MapRunArn"]), ("results", map_run), f"{manifest}")
            exported = {status: [record for file in files for record in get(work, "results", file["Key"])]
                        for status, files in manifest["ResultFiles"].items()}
            check_equal([len(exported[status]) for status in ("SUCCEEDED", "FAILED", "PENDING")],
                        [counts["succeeded"], counts["failed"] + counts["aborted"], counts["pending"]], "records")
            check("Bad" in [record.get("Error") for record in exported["FAILED"]], f"{exported['FAILED']}")

        # Another process, the same data: the redrive goes on where it was.
        work.write("handlers.lua", HANDLERS.replace("BAD", "0"))
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            call(url, "RedriveExecution", executionArn=execution)
            ended = end_of(url, execution)
            check_equal(ended["status"], "SUCCEEDED", f"{ended}")
            again = f"{folder}/Redrive-1/manifest.json"
            check_equal(json.loads(ended["output"])["ResultWriterDetails"], {"Bucket": "results", "Key": again}, "output")
            files = get(work, "results", again)["ResultFiles"]
            check_equal({status: sum(len(get(work, "results", f["Key"])) for f in files[status]) for status in files},
                        {"SUCCEEDED": 5, "FAILED": 0, "PENDING": 0}, "records of the redrive")
            check_equal(get(work, "results", f"{folder}/manifest.json"), manifest, "the first manifest, untouched")


@test
def a_bucket_that_is_not_there_fails_the_map_by_name():
    with Workspace() as work:
        put(work, "another", "k", "[]")
        with work.engine("--buckets", work.path("buckets")) as (_, url):
            ended = end_of(url, start(url, create(url, distributed(get_object("k", {"InputType": "JSON"}))), "one"))
            check_equal((ended["status"], ended["error"]), ("FAILED", "States.ItemReaderFailed"), f"{ended}")


run()
