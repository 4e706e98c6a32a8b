/* A leaf function in assembler with a frame smaller than the stub's own: the stub has to raise the
 * stack pointer. */
__asm__(
    "    .section .text.sig_ten, \"ax\", @progbits\n"
    "    .align  4\n"
    "    .global sig_ten\n"
    "    .type   sig_ten, @function\n"
    "sig_ten:\n"
    "    entry   a1, 16\n"
    "    l32i    a2, a1, 16\n"   /* the seventh argument word: the first on the caller's stack */
    "    l32i    a3, a1, 28\n"   /* the tenth */
    "    sub     a2, a3, a2\n"
    "    retw\n"
    "    .size   sig_ten, . - sig_ten\n");
