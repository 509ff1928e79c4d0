/* csv.h - comma-separated lists of items (RFC 4180), as ItemReader reads them. */
#ifndef LOCAL_CSV_H
#define LOCAL_CSV_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

/*
 * Every row becomes an object of strings, named by the header: CSVHeaderLocation FIRST_ROW, or GIVEN with
 * CSVHeaders. A cell that is missing is "". CSVDelimiter: COMMA, PIPE, SEMICOLON, SPACE, TAB.
 *
 * @param config  the ReaderConfig
 * @return 0 with an array owned by the caller; -ERR_REMOTE States.ItemReaderFailed
 */
NODISCARD int csv_parse(const cJSON *config, struct bytes text, cJSON **out, struct err *err);

#endif
