package openapi

// The codes of this package's problems. They are stable and each has a page in docs/checks.
// OR220 and above belong to the checks of policies against specs.
const (
	// CodeUnreadable is a spec that cannot be read, or is no JSON or YAML.
	CodeUnreadable = "OR201"
	// CodeForeign is a file that is no OpenAPI document, or of a version that is not known.
	CodeForeign = "OR202"
	// CodeDuplicateID is an operationId that several operations have.
	CodeDuplicateID = "OR203"
	// CodeDuplicateKey is a key that stands twice in one JSON object or YAML mapping.
	CodeDuplicateKey = "OR204"
	// CodeOutside is a $ref to a URL or out of the document's folder.
	CodeOutside = "OR205"
	// CodeMissing is a $ref that leads nowhere.
	CodeMissing = "OR206"
	// CodeCycle is a $ref that leads back to itself.
	CodeCycle = "OR207"
	// CodePath is a path template that is malformed.
	CodePath = "OR208"
	// CodeStatus is a response key that is no status.
	CodeStatus = "OR209"
	// CodeField is a field that is not read because of its spelling, shape or version.
	CodeField = "OR210"
	// CodeSecondDocument is a second YAML document in the file.
	CodeSecondDocument = "OR211"
	// CodeTooLarge is more bytes, files or operations than are read.
	CodeTooLarge = "OR212"
	// CodeSchemas is a document whose schemas cannot be loaded, so that bodies cannot be validated.
	CodeSchemas = "OR213"
	// CodeHint is a member of x-outrigger that is not known.
	CodeHint = "OR214"
	// CodeCovered is an operation that no request can be told to mean, because another has its method and path.
	CodeCovered = "OR215"
)
