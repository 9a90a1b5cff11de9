// Serves MongoDB's protocol from SQLite files: program HOST:PORT FOLDER. FerretDB's own command does not start when
// it is built as a module: the file that holds its version is not part of the module.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address, folder := os.Args[1], os.Args[2]
	ended, _ := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	server, err := ferretdb.New(&ferretdb.Config{
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
		Listener:  ferretdb.ListenerConfig{TCP: address},
	})
	if err == nil {
		err = server.Run(ended)
	}
	if err != nil {
		log.Fatal(err)
	}
}
