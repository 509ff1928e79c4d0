/*
 * xml.h - the little XML that S3, IAM and SNS answer with: elements without mixed content.
 *
 * Not an XML parser: it finds an element by its name and hands out what is between its tags. Those
 * answers repeat no name on different levels of what is asked for here. Any bytes may come in.
 */
#ifndef AWS_XML_H
#define AWS_XML_H

#include "base/buf.h"

/*
 * Find the next element of that name; *rest moves behind it.
 *
 * @param[out] inner  what is between its tags, borrowed from *rest; empty for <name/>
 * @return false: there is none
 */
bool aws_xml_next(struct bytes *rest, const char *name, struct bytes *inner);

/* Append the text of the first element of that name, entities resolved; nothing without one. */
void aws_xml_text(struct buf *out, struct bytes xml, const char *name);

#endif
