// Allocates in C below goroutines, and in Go that C calls back.
package main

/*
#include <stdlib.h>
typedef int (*compare)(const void *, const void *);
extern int goCompare(void *, void *);
static int order(const void *a, const void *b) { return goCompare((void *)a, (void *)b); }
static void *inner(int n) { void *volatile p = malloc(n); return p; }
static void *allocate(int n) { void *volatile p = inner(n); return p; }
static void leave(void) { exit(0); } // by way of libc, for its destructors
static void sort(int *a, int n) { qsort(a, n, sizeof *a, order); }
*/
import "C"
import (
	"fmt"
	"sync"
	"unsafe"
)

//export goCompare
func goCompare(a, b unsafe.Pointer) C.int {
	C.free(C.allocate(24))
	return *(*C.int)(a) - *(*C.int)(b)
}

func descend(depth int) int {
	if depth > 0 {
		return descend(depth-1) + 1
	}
	C.free(C.allocate(100))
	return 0
}

func main() {
	var group sync.WaitGroup
	for t := 0; t < 4; t++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 300; n++ {
				descend(n % 30)
				a := make([]C.int, 20)
				for i := range a {
					a[i] = C.int((i * 7) % 20)
				}
				C.sort(&a[0], 20)
			}
		}()
	}
	group.Wait()
	fmt.Println("done")
	C.leave()
}
