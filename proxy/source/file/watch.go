package file

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch follows the folders that hold the files of a policy. Where the system gives no watch, only the poll remains.
type watch struct {
	log     *slog.Logger
	watcher *fsnotify.Watcher
	changes chan struct{}
	folders map[string]bool
}

func newWatch(log *slog.Logger) *watch {
	w := &watch{log: log, changes: make(chan struct{}, 1), folders: map[string]bool{}}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("policy files cannot be watched, so they are polled", "every", poll, "error", err)
		return w
	}
	w.watcher = watcher
	go w.forward()
	return w
}

// forward reduces all events to "something changed".
func (w *watch) forward() {
	for {
		select {
		case _, ok := <-w.watcher.Events:
			if !ok {
				return
			}
		case err, ok := <-w.watcher.Errors:
			if !ok {
				return
			}
			w.log.Warn("watching policy files failed for a moment", "error", err)
		}
		select {
		case w.changes <- struct{}{}:
		default:
		}
	}
}

// events gives one value after anything changed.
func (w *watch) events() <-chan struct{} { return w.changes }

// settle waits until a burst of events has ended, but not for ever.
func (w *watch) settle(ctx context.Context) {
	last := time.After(most)
	for {
		select {
		case <-w.changes:
		case <-time.After(debounce):
			return
		case <-last:
			return
		case <-ctx.Done():
			return
		}
	}
}

// follow watches the folder of every file, and where a file is reached through symbolic links the folders of those too.
func (w *watch) follow(path string, files []string) {
	if w.watcher == nil {
		return
	}
	wanted := map[string]bool{filepath.Clean(path): true, filepath.Dir(path): true}
	for _, f := range files {
		wanted[filepath.Dir(f)] = true
		if behind, err := filepath.EvalSymlinks(f); err == nil {
			wanted[filepath.Dir(behind)] = true
		}
	}
	for folder := range w.folders {
		if !wanted[folder] {
			_ = w.watcher.Remove(folder)
			delete(w.folders, folder)
		}
	}
	for folder := range wanted {
		if !w.folders[folder] && w.watcher.Add(folder) == nil {
			w.folders[folder] = true
		}
	}
}

func (w *watch) close() {
	if w.watcher != nil {
		_ = w.watcher.Close()
	}
}
