package compile

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
	codeInboundRetry  = "OR132"

	codeUnknownOperation = "OR220"
	codeWrongUpstream    = "OR221"
	codeNoSuchTemplate   = "OR222"
	codeAmbiguous        = "OR223"
	codeUnsafeRetry      = "OR224"
	codeStreamTimeout    = "OR225"
	codeUndeclaredStatus = "OR226"
	codeUndeclaredKey    = "OR227"
	codeOperationTwice   = "OR228"
	codeHintOverridden   = "OR229"
	codeHasID            = "OR230"
	codeBadHint          = "OR231"

	codeNeverStarts   = "OR301"
	codeShortAttempt  = "OR302"
	codeAttemptAbove  = "OR303"
	codeBaseOverMax   = "OR304"
	codeLongRespected = "OR305"
	codeNoBudget      = "OR306"

	codeTwoListeners = "OR401"
	codeOwnPort      = "OR402"
	codeOpenAdmin    = "OR403"
	codeSharedHost   = "OR404"
)
