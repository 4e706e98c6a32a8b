/* The part of this component that stays in the firmware: nothing but the generated stubs. */
