// Package openapi reads an OpenAPI file into a Catalog: what a sidecar must know of every operation, with file and line.
//
// It decides which operations a document declares, under which id, method and path template, which statuses, streams,
// header parameters and hints each has, and which defects of the document make that list wrong. It refuses to know what
// a policy says of an operation (policy/compile), and what the schemas say, which policy/contract reads by Walk. As a whole
// they are loaded by kin-openapi, in CheckSchemas alone, and their failure is a warning at a place, never the loss of the catalog.
//
// The reader is our own. It walks JSON tokens or YAML nodes, which both know their lines, and follows the $refs of path
// items, operations, parameters, responses and media types over the files beside the document. Real documents
// are messy: what does not change the list of operations is a warning. It touches no disk: files come through Reader.ReadFile.
//
// Versions 3.0, 3.1 and 3.2 are read whole (https://spec.openapis.org/oas/), Swagger 2.0 as far as the catalog goes.
package openapi
