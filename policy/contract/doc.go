// Package contract turns what a spec says of the messages of operations into contracts: parameters, bodies and replies, with their
// schemas as self-contained JSON Schema of draft 2020-12.
//
// It decides how the schemas of Swagger 2.0 and OpenAPI 3.0 to 3.2 read in that one dialect (decision 0005), what of them a message can
// break at all, and which cannot be used: a pattern that RE2 lacks, a $ref that leads nowhere, more than fits. Those are warnings at their
// place, and what they would have demanded is not demanded. Which operations are validated (policy/compile) and how values are judged
// (policy/schema) it refuses to know. The spec is read by the positioned reader of policy/openapi.
package contract
