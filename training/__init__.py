"""Trains the reader: an encoder, fine-tuned to point at the words that answer a question, or to say "not here".

Needs the extra `training` (torch). `python -m training.run DATA FOLDER` trains, resumes and exports; nothing here is
imported by the application, which reads the ONNX file that comes out.
"""
