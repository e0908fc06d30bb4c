"""picamera2 itself, on a camera of the kernel, in a guest."""
