package lsp

import "encoding/json"

// The parts of the protocol that are spoken here, by the names and sections of its specification (3.17). Lines and characters count
// from 0, characters in UTF-16 code units.
type (
	position struct {
		Line      int `json:"line"`
		Character int `json:"character"`
	}
	span struct { // Range
		Start position `json:"start"`
		End   position `json:"end"`
	}
	location struct {
		URI   string `json:"uri"`
		Range span   `json:"range"`
	}
	textEdit struct {
		Range   span   `json:"range"`
		NewText string `json:"newText"`
	}
	markup struct { // MarkupContent
		Kind  string `json:"kind"`
		Value string `json:"value"`
	}

	diagnostic struct {
		Range           span             `json:"range"`
		Severity        int              `json:"severity"`
		Code            string           `json:"code"`
		CodeDescription *codeDescription `json:"codeDescription,omitempty"`
		Source          string           `json:"source"`
		Message         string           `json:"message"`
		Related         []related        `json:"relatedInformation,omitempty"`
	}
	codeDescription struct {
		Href string `json:"href"`
	}
	related struct {
		Location location `json:"location"`
		Message  string   `json:"message"`
	}
	publishParams struct {
		URI         string       `json:"uri"`
		Version     *int         `json:"version,omitempty"`
		Diagnostics []diagnostic `json:"diagnostics"`
	}

	initializeResult struct {
		Capabilities capabilities `json:"capabilities"`
		ServerInfo   serverInfo   `json:"serverInfo"`
	}
	serverInfo struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	capabilities struct {
		PositionEncoding string            `json:"positionEncoding"`
		Sync             syncOptions       `json:"textDocumentSync"`
		Hover            bool              `json:"hoverProvider"`
		Completion       completionOptions `json:"completionProvider"`
		CodeAction       codeActionOptions `json:"codeActionProvider"`
	}
	syncOptions struct {
		OpenClose bool `json:"openClose"`
		Change    int  `json:"change"` // 2: incremental
		Save      bool `json:"save"`
	}
	completionOptions struct {
		Triggers []string `json:"triggerCharacters"`
	}
	codeActionOptions struct {
		Kinds []string `json:"codeActionKinds"`
	}

	documentID struct { // TextDocumentIdentifier and TextDocumentItem
		URI     string `json:"uri"`
		Version int    `json:"version"`
		Text    string `json:"text"`
	}
	documentParams struct { // of open, close, save, hover and completion
		Document documentID `json:"textDocument"`
		Position position   `json:"position"`
	}
	changeParams struct {
		Document documentID `json:"textDocument"`
		Changes  []change   `json:"contentChanges"`
	}
	change struct {
		Range *span  `json:"range"`
		Text  string `json:"text"`
	}
	actionParams struct {
		Document documentID    `json:"textDocument"`
		Range    span          `json:"range"`
		Context  actionContext `json:"context"`
	}
	actionContext struct { // CodeActionContext
		Only []string `json:"only,omitempty"`
	}
	logMessage struct {
		Type    int    `json:"type"` // 1: error
		Message string `json:"message"`
	}

	hover struct {
		Contents markup `json:"contents"`
		Range    *span  `json:"range,omitempty"`
	}
	completionList struct {
		Incomplete bool             `json:"isIncomplete"`
		Items      []completionItem `json:"items"`
	}
	completionItem struct {
		Label         string   `json:"label"`
		Kind          int      `json:"kind"`
		Tags          []int    `json:"tags,omitempty"` // 1: deprecated
		Documentation *markup  `json:"documentation,omitempty"`
		SortText      string   `json:"sortText"`
		Edit          textEdit `json:"textEdit"`
	}
	codeAction struct {
		Title       string        `json:"title"`
		Kind        string        `json:"kind"`
		Diagnostics []diagnostic  `json:"diagnostics"`
		Preferred   bool          `json:"isPreferred"`
		Edit        workspaceEdit `json:"edit"`
	}
	workspaceEdit struct {
		Changes map[string][]textEdit `json:"changes"`
	}
)

// Kinds of completion items.
const (
	kindFunction = 3
	kindProperty = 10
	kindValue    = 12
)

// Error codes of JSON-RPC 2.0 and of the protocol.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeNotInitialized = -32002
)

func decode[T any](params *json.RawMessage) (T, error) {
	var v T
	if params == nil {
		return v, errNoParams
	}
	err := json.Unmarshal(*params, &v)
	return v, err
}
