"""What runs inside the kernel's process: `import torch` as the engine, and the recorder."""
