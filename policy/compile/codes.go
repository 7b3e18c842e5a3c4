package compile

import (
	"slices"

	"outrigger/policy/contract"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
	"outrigger/policy/rules/arithmetic"
	"outrigger/policy/rules/network"
	"outrigger/policy/rules/specs"
	"outrigger/policy/rules/validation"
)

// The codes of this package's problems; codeTable tells them all, with those of the packages it stands on.
const (
	codeUnknownField  = "OR120"
	codeType          = "OR121"
	codeRange         = "OR122"
	codeMissingKey    = "OR123"
	codeMissingFile   = "OR124"
	codeNotYet        = "OR125"
	codeSpelling      = "OR126"
	codeVariable      = "OR127"
	codeVersion       = "OR128"
	codeTwice         = "OR129"
	codeUnknownPolicy = "OR130"
	codeOutOfPlace    = "OR131"
	codeFormerName    = "OR133"
	codeUnused        = "OR134"

	codeUnknownOperation = "OR220"
	codeWrongUpstream    = "OR221"
	codeNoSuchTemplate   = "OR222"
	codeOperationTwice   = "OR228"
	codeHasID            = "OR230"
	codeBadHint          = "OR231"
	codePending          = "OR232"

	codeSharedHost = "OR404"
	codeSecret     = "OR405"

	codeUncovered = "OR501"
)

// Code is one kind of problem. Its page is docs/checks/CODE.md.
type Code struct {
	Code string
	// Title names the mistake in a few words.
	Title string
	// Family is shape, spec, arithmetic, network or coverage.
	Family string
}

// Codes returns every code that compiling can report, in order. The slice is the caller's.
func Codes() []Code { return slices.Clone(codeTable) }

// codeTable is the single list of codes: pages, SARIF rules and the index of docs/checks follow it.
var codeTable = []Code{
	{document.CodeSyntax, "text that is not YAML", "shape"},
	{document.CodeDuplicateKey, "duplicate key", "shape"},
	{document.CodeSecondDocument, "second document in one file", "shape"},
	{document.CodeTooLarge, "file that is too large", "shape"},
	{document.CodeTooDeep, "nesting that is too deep", "shape"},
	{document.CodeAliases, "aliases that multiply", "shape"},
	{document.CodeEncoding, "file that is not UTF-8", "shape"},
	{document.CodeKey, "key that is not text, or a merge that cannot be", "shape"},
	{document.CodeEmpty, "empty file", "shape"},
	{document.CodeSilence, "silence without a code or a reason", "shape"},
	{document.CodeTag, "tag of its own", "shape"},
	{document.CodeIdleSilence, "silence that nothing needs", "shape"},
	{codeUnknownField, "unknown key", "shape"},
	{codeType, "value of the wrong type", "shape"},
	{codeRange, "value out of range", "shape"},
	{codeMissingKey, "missing key", "shape"},
	{codeMissingFile, "file that cannot be read", "shape"},
	{codeNotYet, "not supported yet", "shape"},
	{codeSpelling, "duration, size, share or address in another spelling", "shape"},
	{codeVariable, "environment variable that is not set", "shape"},
	{codeVersion, "unknown version of the policy language", "shape"},
	{codeTwice, "name or part that stands twice", "shape"},
	{codeUnknownPolicy, "unknown named policy", "shape"},
	{codeOutOfPlace, "key that has no meaning where it stands", "shape"},
	{specs.CodeInboundRetry, "retry on inbound of what was sent", "shape"},
	{codeFormerName, "former name that is still in use", "shape"},
	{codeUnused, "named policy that nobody uses", "shape"},

	{openapi.CodeUnreadable, "spec that cannot be read", "spec"},
	{openapi.CodeForeign, "file that is no OpenAPI document", "spec"},
	{openapi.CodeDuplicateID, "operationId that several operations have", "spec"},
	{openapi.CodeDuplicateKey, "key that stands twice in a spec", "spec"},
	{openapi.CodeOutside, "$ref to a URL or out of the folder", "spec"},
	{openapi.CodeMissing, "$ref that leads nowhere", "spec"},
	{openapi.CodeCycle, "$ref that leads back to itself", "spec"},
	{openapi.CodePath, "malformed path template", "spec"},
	{openapi.CodeStatus, "response key that is no status", "spec"},
	{openapi.CodeField, "field of a spec that is not read", "spec"},
	{openapi.CodeSecondDocument, "second document in a spec", "spec"},
	{openapi.CodeTooLarge, "spec that is too large", "spec"},
	{openapi.CodeSchemas, "schemas that cannot be loaded", "spec"},
	{openapi.CodeHint, "unknown x-outrigger hint", "spec"},
	{openapi.CodeCovered, "operation that another one covers", "spec"},
	{codeUnknownOperation, "unknown operation", "spec"},
	{codeWrongUpstream, "operation under the wrong upstream", "spec"},
	{codeNoSuchTemplate, "path template that matches nothing", "spec"},
	{specs.CodeAmbiguous, "ambiguous templates with different policies", "spec"},
	{specs.CodeUnsafeRetry, "retry that could do the work twice", "spec"},
	{specs.CodeStreamTimeout, "request timeout on an operation that streams", "spec"},
	{specs.CodeUndeclaredStatus, "status that the operation does not declare", "spec"},
	{specs.CodeUndeclaredKey, "idempotency key that the spec does not document", "spec"},
	{codeOperationTwice, "operation that two keys mean", "spec"},
	{specs.CodeHintOverridden, "hint of the spec that a policy overrides", "spec"},
	{codeHasID, "operation by its path though it has an id", "spec"},
	{codeBadHint, "hint that cannot be read", "spec"},
	{codePending, "spec that the application has not served", "spec"},
	{specs.CodeDeprecated, "policy of a deprecated operation", "spec"},
	{specs.CodeStrippedScheme, "security scheme that ends at the sidecar", "spec"},
	{validation.CodeNoSpec, "validation without a spec", "spec"},
	{validation.CodeStream, "validation of a reply that streams", "spec"},
	{contract.CodePattern, "pattern that is not used for validation", "spec"},
	{contract.CodeSchema, "schema that is not used for validation", "spec"},
	{validation.CodeNoBreaker, "replies counted where no breaker counts", "spec"},

	{arithmetic.CodeNeverStarts, "last attempt that could never start", "arithmetic"},
	{arithmetic.CodeShortAttempt, "last attempt that is cut short", "arithmetic"},
	{arithmetic.CodeAttemptAbove, "attempt timeout above the request timeout", "arithmetic"},
	{arithmetic.CodeBaseOverMax, "start above its own end", "arithmetic"},
	{arithmetic.CodeLongRespected, "Retry-After that never fits the deadline", "arithmetic"},
	{arithmetic.CodeNoBudget, "retries without a budget", "arithmetic"},
	{arithmetic.CodeEmptyBudget, "budget that lets no retry through", "arithmetic"},
	{arithmetic.CodeLongQueue, "wait for a place as long as the request", "arithmetic"},
	{arithmetic.CodeNoQueue, "wait without a queue", "arithmetic"},
	{arithmetic.CodeLongConnect, "connect timeout above the attempt", "arithmetic"},
	{arithmetic.CodeLargeBody, "kept body above all buffers", "arithmetic"},

	{network.CodeTwoListeners, "two listeners on one port", "network"},
	{network.CodeOwnPort, "upstream that points at the sidecar itself", "network"},
	{network.CodeOpenAdmin, "admin port open to others without a token", "network"},
	{codeSharedHost, "two upstreams with one host", "network"},
	{codeSecret, "secret in plain text", "network"},

	{codeUncovered, "operations without a policy of their own", "coverage"},
}
