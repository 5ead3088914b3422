// Each message on the line between the two processes is a frame: a mark, its size, the number of the question, and the
// message itself.

/** Descriptors of the process with the examined code. */
export const readChannel = 3;
export const writeChannel = 4;

/** Bytes before a message: mark, size, the number of the question. */
export const frameHead = 24;
export const mark = 0x47426431;
/** Says that the process has ended. */
export const endMark = 0x47426432;
