/* ItemReader: manifests, listings that are read through, objects as lists, and what is refused. */
#include "tap.h"

#include "engine_driver.h"
#include "local/core/csv.h"

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	(void)function;
	(void)input;
	buf_adds(out, "null");
	return NULL;
}

#define EXECUTION "arn:aws:states:us-east-1:123456789012:execution:m:x"

#define PROCESSOR \
	"'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'}," \
	"'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}"

/* A machine whose Map has these fields beside its processor, or the refusal of it. */
static const char *create(struct driver *d, const char *fields)
{
	struct buf text = BUF_INIT(8192);
	buf_addf(
	    &text,
	    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"Label\":\"M\",%s," PROCESSOR
	    ",\"End\":true}}}",
	    fields);
	cJSON *args = cJSON_CreateObject();
	for (size_t i = 0; i < text.n; i++)
		text.p[i] = text.p[i] == '\'' ? '"' : text.p[i];
	(void)cJSON_AddStringToObject(args, "definition", buf_cstr(&text));
	buf_clear(&text);
	json_write(&text, json_get(args, "definition"));
	cJSON_Delete(args);
	const char *answer = driver_call(d, "CreateStateMachine",
					 "{'name':'m','roleArn':'arn:aws:iam::123456789012:role/r',"
					 "'definition':%s}",
					 buf_cstr(&text));
	buf_clear(&text);
	return answer;
}

/* The output or the error of one run of it. */
static char outcome[2000];

static const char *run(struct driver *d, const char *fields, const char *input)
{
	(void)create(d, fields);
	(void)driver_start(d, "m", "x", input);
	driver_advance(d, 1000);
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'" EXECUTION "'}");
	cJSON *tree = json_parse(buf_bytes(&d->answer), NULL);
	const char *output = json_get_str(tree, "output");
	(void)snprintf(outcome, sizeof(outcome), "%s%s%s",
		       output ? output : json_get_str(tree, "error"), output ? "" : ": ",
		       output ? "" : json_get_str(tree, "cause"));
	cJSON_Delete(tree);
	return outcome;
}

/* The same in an engine of its own over these objects: path, body, ..., NULL. */
static const char *read_from(const char *const *objects, const char *fields)
{
	struct driver d;
	driver_open(&d, work);
	for (; *objects; objects += 2)
		driver_put(&d, objects[0], objects[1]);
	(void)run(&d, fields, "{}");
	driver_close(&d);
	return outcome;
}

/* Why a machine is refused. */
static const char *refusal(const char *fields)
{
	struct driver d;
	driver_open(&d, work);
	(void)snprintf(outcome, sizeof(outcome), "%s", create(&d, fields));
	driver_close(&d);
	return outcome;
}

#define GET(key, config) \
	"'ItemReader':{'Resource':'arn:aws:states:::s3:getObject','ReaderConfig':{" config \
	"},'Parameters':{'Bucket':'b','Key':'" key "'}}"
#define LIST(config) \
	"'ItemReader':{'Resource':'arn:aws:states:::s3:listObjectsV2','ReaderConfig':{" config \
	"},'Parameters':{'Bucket':'b','Prefix':'p/'}}"

#define PICK_SOURCE ",'ItemSelector':{'s.$':'$$.Map.Item.Source'}"
#define PICK_PAIR \
	",'ItemSelector':{'i.$':'$$.Map.Item.Index','k.$':'$$.Map.Item.Key'," \
	"'v.$':'$$.Map.Item.Value'}"

/* ---- objects as lists ---- */

TEST(the_members_of_an_object_are_items)
{
	const char *const objects[] = { "b/in", "{\"data\":[{\"x\":1,\"y\":[2]}]}", NULL };
	CHECK_STR(read_from(objects, GET("in", "'InputType':'JSON','ItemsPointer':'/data/0'")),
		  "[{\"Key\":\"x\",\"Value\":1},{\"Key\":\"y\",\"Value\":[2]}]");
	CHECK_STR(read_from(objects, GET("in", "'ItemsPointer':'/data/0','MaxItems':1")),
		  "[{\"Key\":\"x\",\"Value\":1}]");
	CHECK_STR(read_from(objects, GET("in", "'ItemsPointer':'/data/0'") PICK_PAIR),
		  "[{\"i\":0,\"k\":\"x\",\"v\":1},{\"i\":1,\"k\":\"y\",\"v\":[2]}]");
	CHECK_STR(read_from(objects, GET("in", "'ItemsPointer':'/data/0/x'")),
		  "States.ItemReaderFailed: Attempting to map over non-iterable node.");
	CHECK_STR(read_from(objects, GET("in", "'ItemsPointer':'/data/1'")),
		  "States.ItemReaderFailed: Attempting to map over non-iterable node.");
}

TEST(an_object_in_the_input_is_a_list_to_a_distributed_map)
{
	struct driver d;
	driver_open(&d, work);
	CHECK_STR(run(&d, "'ItemsPath':'$.o','ItemBatcher':{'MaxItemsPerBatch':2}",
		      "{'o':{'a':1,'b':null,'c':'z'}}"),
		  "[{\"Items\":[{\"Key\":\"a\",\"Value\":1},{\"Key\":\"b\",\"Value\":null}]},"
		  "{\"Items\":[{\"Key\":\"c\",\"Value\":\"z\"}]}]");
	(void)driver_call(&d, "GetExecutionHistory", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "events.2.mapStateStartedEventDetails.length"), "3");
	driver_close(&d);

	driver_open(&d, work);
	CHECK_STR(run(&d, "'ItemsPath':'$.o'", "{'o':7}"),
		  "States.Runtime: An error occurred while executing the state 'M' (entered at the "
		  "event id #2). Reference path \"$.o\" must point to array.");
	driver_close(&d);
}

/* ---- manifests ---- */

#define INVENTORY(format, files) \
	"{\"sourceBucket\":\"s\",\"destinationBucket\":\"arn:aws:s3:::out\",\"version\":" \
	"\"2016-11-30\",\"fileFormat\":\"" format "\",\"fileSchema\":\"Bucket, Key, Size\"," \
	"\"files\":[" files "]}"

static const char *const inventory[] = {
	"b/manifest.json",
	INVENTORY("CSV", "{\"key\":\"f/1.csv\",\"size\":1},{\"key\":\"f/2.csv\",\"size\":1}"),
	"out/f/1.csv",
	"\"s\",\"a%20b\",\"5\"\n\"s\",\"c\",\"\"\n",
	"out/f/2.csv",
	"\"s\",\"d\",\"7\"\n",
	NULL
};

TEST(an_inventory_is_read_file_by_file)
{
	static const char all[] = "[{\"Bucket\":\"s\",\"Key\":\"a%20b\",\"Size\":\"5\"},"
				  "{\"Bucket\":\"s\",\"Key\":\"c\",\"Size\":\"\"},"
				  "{\"Bucket\":\"s\",\"Key\":\"d\",\"Size\":\"7\"}]";
	CHECK_STR(read_from(inventory, GET("manifest.json", "'InputType':'MANIFEST'")), all);
	CHECK_STR(read_from(inventory, GET("manifest.json", "'ManifestType':'S3_INVENTORY'")), all);
	CHECK_STR(read_from(inventory, GET("manifest.json", "'InputType':'MANIFEST','MaxItems':1")),
		  "[{\"Bucket\":\"s\",\"Key\":\"a%20b\",\"Size\":\"5\"}]");
	CHECK_STR(read_from(inventory, GET("manifest.json", "'InputType':'MANIFEST','MaxItems':1")
					   PICK_SOURCE),
		  "[{\"s\":\"s3://b/manifest.json\"}]");
}

TEST(what_is_no_inventory_is_refused)
{
	const char *const none[] = { "b/m", INVENTORY("CSV", ""), NULL };
	const char *const orc[] = { "b/m", INVENTORY("ORC", "{\"key\":\"k\"}"), NULL };
	const char *const keyless[] = { "b/m", INVENTORY("CSV", "{}"), NULL };
	const char *const other[] = { "b/m", "[]", NULL };
	const char *const lost[] = { "b/m", INVENTORY("CSV", "{\"key\":\"k\"}"), NULL };
	CHECK_STR(read_from(none, GET("m", "'InputType':'MANIFEST'")), "[]");
	CHECK_STR(read_from(orc, GET("m", "'InputType':'MANIFEST'")),
		  "States.ItemReaderFailed: S3 Inventory files of the format ORC cannot be read, "
		  "only CSV");
	CHECK_STR(read_from(keyless, GET("m", "'InputType':'MANIFEST'")),
		  "States.ItemReaderFailed: A file of the S3 Inventory has no key");
	CHECK_STR(read_from(other, GET("m", "'InputType':'MANIFEST'")),
		  "States.ItemReaderFailed: The input file is not the manifest.json of an S3 "
		  "Inventory: fileFormat, fileSchema, destinationBucket and files are needed");
	CHECK_STR(read_from(lost, GET("m", "'InputType':'MANIFEST'")),
		  "States.ItemReaderFailed: The specified key does not exist.");
}

TEST(the_files_of_athena_are_read_in_their_own_format)
{
	const char *const objects[] = { "b/q-manifest.csv",
					"s3://x/1\r\n\"s3://y/d/2\"\n",
					"x/1",
					"{\"n\":1}\n{\"n\":2}\n",
					"y/d/2",
					"{\"n\":3}\n",
					NULL };
	const char *const wrong[] = { "b/m", "s3://x/1\nhttp://x/2\n", NULL };
	CHECK_STR(read_from(objects, GET("q-manifest.csv",
					 "'ManifestType':'ATHENA_DATA','InputType':'JSONL'")),
		  "[{\"n\":1},{\"n\":2},{\"n\":3}]");
	CHECK_STR(
	    read_from(objects, GET("q-manifest.csv",
				   "'ManifestType':'ATHENA_DATA','InputType':'CSV','CSVDelimiter':"
				   "'PIPE','CSVHeaderLocation':'GIVEN','CSVHeaders':['l']")),
	    "[{\"l\":\"{\\\"n\\\":1}\"},{\"l\":\"{\\\"n\\\":2}\"},{\"l\":\"{\\\"n\\\":3}\"}]");
	CHECK_STR(read_from(wrong, GET("m", "'ManifestType':'ATHENA_DATA','InputType':'JSONL'")),
		  "States.ItemReaderFailed: A line of the Athena manifest is not the S3 URI of an "
		  "object: http://x/2");
}

/* ---- listings ---- */

static const char *const listing[] = { "b/p/",          "",      "b/p/1",
				       "[{\"n\":1},2]", "b/p/2", "{\"k\":3}",
				       "b/q",           "[4]",   NULL };

TEST(a_listing_is_read_through_when_it_is_asked_for)
{
	CHECK_STR(
	    read_from(listing, LIST("'Transformation':'LOAD_AND_FLATTEN','InputType':'JSON'")),
	    "[{\"n\":1},2,{\"Key\":\"k\",\"Value\":3}]");
	CHECK_STR(read_from(listing, LIST("'Transformation':'LOAD_AND_FLATTEN','InputType':'JSON',"
					  "'MaxItems':1")),
		  "[{\"n\":1}]");
	CHECK_STR(read_from(listing, LIST("'Transformation':'NONE','MaxItems':2") PICK_SOURCE),
		  "[{\"s\":\"s3://b\"},{\"s\":\"s3://b\"}]");
}

/* ---- MaxItems ---- */

TEST(what_follows_the_items_that_are_wanted_is_not_looked_at)
{
	const char *const objects[] = { "b/lines", "1\n\n2\n{broken\n", "b/p/1", "3\n",
					"b/p/2",   "4\n5\n{broken\n",   NULL };
	CHECK_STR(read_from(objects, GET("lines", "'InputType':'JSONL','MaxItems':2")), "[1,2]");
	CHECK_STR(read_from(objects, GET("lines", "'InputType':'JSONL','MaxItems':3")),
		  "States.ItemReaderFailed: A line of the input file is not valid JSON");
	CHECK_STR(read_from(objects, LIST("'Transformation':'LOAD_AND_FLATTEN','InputType':'JSONL',"
					  "'MaxItems':3")),
		  "[3,4,5]");
}

#define GIVEN(names) "'InputType':'CSV','CSVHeaderLocation':'GIVEN','CSVHeaders':[" names "]"

TEST(cells_of_csv_files)
{
	const char *const objects[] = {
		"b/in", "a,b\r\n\n\"x\"\"y, \nz\"w,\"\"\n,\n1\n2,3,4,\"5\n\"\n6,\"7", NULL
	};
	CHECK_STR(read_from(objects, GET("in", "'InputType':'CSV'")),
		  "[{\"a\":\"x\\\"y, \\nzw\",\"b\":\"\"},{\"a\":\"\",\"b\":\"\"},"
		  "{\"a\":\"1\",\"b\":\"\"},{\"a\":\"2\",\"b\":\"3\"},{\"a\":\"6\",\"b\":\"7\"}]");
	CHECK_STR(read_from(objects, GET("in", GIVEN("'n'") ",'MaxItems':2")),
		  "[{\"n\":\"a\"},{\"n\":\"x\\\"y, \\nzw\"}]");
}

/* ---- restarts and redrives ---- */

TEST(a_file_of_many_columns_is_read_at_once)
{
	enum { COLUMNS = 300000 };
	const struct csv_form form = { .between = ',' };
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct err err = { 0 };
	cJSON *list = NULL;
	for (int i = 0; i < COLUMNS; i++)
		buf_addf(&text, "column%d,", i);
	size_t different = text.n;
	buf_addf(&text, "column%d\n1\n", COLUMNS / 2);
	CHECK(csv_parse(&form, 0, buf_bytes(&text), &list, &err) == -ERR_REMOTE);
	CHECK_STR(err.message, "CSV headers cannot contain duplicates.");
	buf_cut(&text, different);
	buf_adds(&text, "last\n1\n");
	CHECK(csv_parse(&form, 0, buf_bytes(&text), &list, &err) == 0);
	CHECK_INT(cJSON_GetArraySize(list), 1);
	cJSON_Delete(list);
	buf_clear(&text);
}

TEST(a_reading_begins_again_after_a_restart)
{
	struct driver d;
	driver_open(&d, work);
	for (const char *const *o = inventory; *o; o += 2)
		driver_put(&d, o[0], o[1]);
	(void)create(&d, GET("manifest.json", "'InputType':'MANIFEST','MaxItems':2"));
	(void)driver_start(&d, "m", "x", "{}");
	(void)engine_step(d.e, d.now);
	driver_restart(&d);
	driver_put(&d, "out/f/1.csv", "\"s\",\"later\",\"9\"\n");
	driver_advance(&d, 1000);
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "output"), "[{\"Bucket\":\"s\",\"Key\":\"later\",\"Size\":\"9\"},"
					    "{\"Bucket\":\"s\",\"Key\":\"d\",\"Size\":\"7\"}]");
	driver_close(&d);
}

TEST(a_stop_while_files_are_read_ends_the_reading)
{
	struct driver d;
	driver_open(&d, work);
	for (const char *const *o = inventory; *o; o += 2)
		driver_put(&d, o[0], o[1]);
	(void)create(&d, GET("manifest.json", "'InputType':'MANIFEST'"));
	(void)driver_start(&d, "m", "x", "{}");
	(void)engine_step(d.e, d.now);
	CHECK_INT(d.n_ops, 1);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	driver_run(&d);
	CHECK_INT(d.n_ops, 0);
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}");
	char arn[300];
	(void)snprintf(arn, sizeof(arn), "%s", driver_get(&d, "mapRuns.0.mapRunArn"));
	(void)driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "status"), "ABORTED");

	(void)driver_call(&d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	driver_advance(&d, 1000);
	(void)driver_call(&d, "DescribeMapRun", "{'mapRunArn':'%s'}", arn);
	CHECK_STR(driver_get(&d, "itemCounts.succeeded"), "3");
	driver_close(&d);
}

/* ---- refusals ---- */

TEST(a_batch_of_no_items_is_refused)
{
	struct driver d;
	driver_open(&d, work);
	CHECK_STR(run(&d, "'ItemsPath':'$.l','ItemBatcher':{'MaxItemsPerBatchPath':'$.n'}",
		      "{'l':[1,2],'n':0}"),
		  "States.Runtime: An error occurred while executing the state 'M' (entered at the "
		  "event id "
		  "#2). The MaxItemsPerBatchPath parameter does not reference a positive "
		  "integer: $.n");
	driver_close(&d);
}

TEST(what_cannot_be_read_fails_by_name)
{
	const char *const objects[] = { "b/in", "[1,2]", NULL };
	CHECK_STR(read_from(objects, GET("in", "'InputType':'PARQUET'")),
		  "States.ItemReaderFailed: InputType PARQUET is not supported by this engine");
	CHECK_STR(read_from(objects, GET("in", "'InputType':'CSV','CSVHeaderLocation':'GIVEN',"
					       "'CSVHeaders':['a',null]")),
		  "States.ItemReaderFailed: CSV headers are missing.");
	CHECK_STR(read_from(objects, GET("in", "'MaxItemsPath':'$.most'")),
		  "States.Runtime: Invalid path '$.most' : No results for path: $['most']");
	CHECK_STR(
	    read_from(objects, GET("in", "") ",'ItemBatcher':{'MaxItemsPerBatchPath':'$.most'}"),
	    "States.Runtime: Invalid path '$.most' : No results for path: $['most']");
	CHECK_STR(read_from(objects, GET("in", "'MaxItems':-1")),
		  "States.ItemReaderFailed: field MaxItems must be positive");
}

#define BAD(text) \
	"InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: " text \
	" at /States/M/ItemReader/ReaderConfig"

TEST(a_reader_that_cannot_be_meant_is_refused)
{
	CHECK_STR(refusal(GET("in", "'InputType':'XML'")),
		  BAD("Value is not one of [CSV, JSON, JSONL, PARQUET, MANIFEST]") "/InputType'");
	CHECK_STR(refusal(GET("in", "'InputType':'CSV','CSVDelimiter':';'")),
		  BAD("Value is not one of [COMMA, PIPE, SEMICOLON, SPACE, TAB]") "/"
										  "CSVDelimiter'");
	CHECK_STR(refusal(GET("in", "'MaxItems':1,'MaxItemsPath':'$.n'")),
		  BAD("Fields MaxItems and MaxItemsPath exclude each other") "'");
	CHECK_STR(refusal(GET("in", "'ManifestType':'S3_INVENTORY','InputType':'CSV'")),
		  BAD("ManifestType S3_INVENTORY excludes InputType CSV") "'");
	CHECK_STR(refusal(GET("in", "'ManifestType':'ATHENA_DATA'")),
		  BAD("ManifestType ATHENA_DATA needs an InputType: that of the objects") "'");
	CHECK_STR(refusal(LIST("'Transformation':'LOAD_AND_FLATTEN'")),
		  BAD("Transformation LOAD_AND_FLATTEN needs an InputType: that of the "
		      "objects") "'");
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(the_members_of_an_object_are_items),
	    TAP_CASE(an_object_in_the_input_is_a_list_to_a_distributed_map),
	    TAP_CASE(an_inventory_is_read_file_by_file), TAP_CASE(what_is_no_inventory_is_refused),
	    TAP_CASE(the_files_of_athena_are_read_in_their_own_format),
	    TAP_CASE(a_listing_is_read_through_when_it_is_asked_for),
	    TAP_CASE(what_follows_the_items_that_are_wanted_is_not_looked_at),
	    TAP_CASE(cells_of_csv_files), TAP_CASE(a_file_of_many_columns_is_read_at_once),
	    TAP_CASE(a_reading_begins_again_after_a_restart),
	    TAP_CASE(a_stop_while_files_are_read_ends_the_reading),
	    TAP_CASE(a_batch_of_no_items_is_refused), TAP_CASE(what_cannot_be_read_fails_by_name),
	    TAP_CASE(a_reader_that_cannot_be_meant_is_refused)));
}
