/* csv.h - comma-separated lists of items (RFC 4180), as ItemReader reads them. */
#ifndef LOCAL_CSV_H
#define LOCAL_CSV_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

/* How a file is written. */
struct csv_form {
	char between; /* cells */
	/* The names of the columns, an array of strings, borrowed; NULL: they are the first row. */
	const cJSON *header;
};

/* From a ReaderConfig: CSVDelimiter (COMMA, PIPE, SEMICOLON, SPACE, TAB), CSVHeaderLocation FIRST_ROW,
 * or GIVEN with CSVHeaders.
 * @return 0; -ERR_REMOTE States.ItemReaderFailed */
NODISCARD int csv_form_read(struct csv_form *out, const cJSON *config, struct err *err);

/*
 * Every row becomes an object of strings, named by the header. A cell that is missing is "", one too
 * many is left out.
 *
 * @param most  of them; 0: all. What follows is not looked at
 * @param[out] out  an array owned by the caller
 * @return 0; -ERR_REMOTE States.ItemReaderFailed
 */
NODISCARD int csv_parse(const struct csv_form *form, int64_t most, struct bytes text, cJSON **out,
			struct err *err);

#endif
